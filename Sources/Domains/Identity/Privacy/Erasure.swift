// SPDX-License-Identifier: Apache-2.0
import Core
package import Cryptography
package import JSON
package import SwiftExtensions

/// Why somebody is erased: the grounds of GDPR article 17(1). Not a free text, which could name the person.
package enum ErasureReason: String, Sendable, CaseIterable {
    /// (a) what the data were collected for is over.
    case purposeOver = "purpose_over"
    /// (b) the person withdrew consent.
    case consentWithdrawn = "consent_withdrawn"
    /// (c) the person objects.
    case objection
    /// (d) the data were processed unlawfully.
    case unlawful
    /// (e) a law demands it.
    case legalObligation = "legal_obligation"
}

/// The signed statement that a person was erased. It names nobody: the id stands for no one any more.
package struct ErasureCertificate: Sendable, Equatable {
    /// UUIDv7; also the id of the entry in the log.
    package let id: UniqueID
    /// Whom the id named.
    package let person: UniqueID
    /// Canonical JSON (RFC 8785): what is signed.
    package let statement: String
    /// Ed25519 (RFC 8032) over the statement.
    package let signature: [UInt8]
    /// The master key that the signing key is derived from.
    package let masterKeyID: String

    /// The statement's members; null when it is damaged.
    package var said: JSONValue { (try? JSONValue(parsing: Array(statement.utf8))) ?? .null }

    /// Whether the holder of the key signed exactly this, for this organization.
    package func isGenuine(under key: Ed25519.PublicKey, of organization: UniqueID) -> Bool {
        let said = said
        return key.verifies(signature, of: Array(statement.utf8))
            && said["format"]?.string == ErasureSigner.format && said["erasure"]?.string == id.description
            && said["organization"]?.string == organization.description && said["user"]?.string == person.description
    }

    package init(id: UniqueID, person: UniqueID, statement: String, signature: [UInt8], masterKeyID: String) {
        self.id = id
        self.person = person
        self.statement = statement
        self.signature = signature
        self.masterKeyID = masterKeyID
    }
}

/// Signs certificates, with the key that signs what retention archives.
package struct ErasureSigner: Sendable {
    static let format = "witan.erasure.1"
    /// What signatures are verified with.
    package let publicKey: Ed25519.PublicKey
    /// See `MasterKey.id`.
    package let masterKeyID: String
    private let sign: @Sendable (String) -> [UInt8]

    /// `sign` gives the signature of a text under the private half of `publicKey`.
    package init(
        publicKey: Ed25519.PublicKey, masterKeyID: String, sign: @escaping @Sendable (String) -> [UInt8]
    ) {
        self.publicKey = publicKey
        self.masterKeyID = masterKeyID
        self.sign = sign
    }

    /// `done` is what the database says it did.
    func certificate(
        _ id: UniqueID, of person: UniqueID, in organization: UniqueID, for reason: String, at time: Timestamp,
        done: JSONValue
    ) throws -> ErasureCertificate {
        let members = [
            JSONMember("format", .string(Self.format)), JSONMember("erasure", .string(id.description)),
            JSONMember("organization", .string(organization.description)),
            JSONMember("user", .string(person.description)), JSONMember("reason", .string(reason)),
            JSONMember("erased_at", .string(time.description)), JSONMember("master_key", .string(masterKeyID)),
        ]
        let statement = String(
            decoding: try JSONValue.object(members + (done.members ?? [])).canonicalBytes(), as: UTF8.self)
        return ErasureCertificate(
            id: id, person: person, statement: statement, signature: sign(statement), masterKeyID: masterKeyID)
    }
}

/// Why a person cannot be erased now, as the database names it.
enum ErasureObstacle: String {
    case unknown, erased, held, last, `operator`

    var error: DomainError {
        switch self {
        case .unknown:
            DomainError(
                .notFound, code: "user_not_found",
                "Nobody with this id belongs to the organization, or did; 'witan users list' shows who does.")
        case .erased:
            DomainError(
                .conflict, code: "already_erased",
                "The person is erased; 'witan erasures list' shows the certificate.", shouldRetry: false)
        case .held:
            DomainError(
                .conflict, code: "legal_hold",
                "A legal hold keeps this person's data; 'witan holds list' shows it. Erase when it is released.",
                shouldRetry: false)
        case .last:
            DomainError(
                .conflict, code: "last_admin",
                "This is the organization's last administrator; give somebody else the role first.",
                shouldRetry: false)
        case .operator:
            DomainError(
                .conflict, code: "last_operator",
                "This is the installation's last operator; make somebody else one first.", shouldRetry: false)
        }
    }
}
