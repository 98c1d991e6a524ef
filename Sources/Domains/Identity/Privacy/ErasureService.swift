// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Erases people from an organization, for good: the key of what the log holds of them, what they said and were
/// answered, their keys, sessions and, when nobody else has them, their account. The log keeps its entries and
/// verifies.
package struct ErasureService: Sendable {
    private let database: Database
    private let signer: ErasureSigner
    private let monitor: IdentityMonitor

    /// `database` acts as `witan_app`.
    package init(database: Database, signer: ErasureSigner, monitor: IdentityMonitor) {
        self.database = database
        self.signer = signer
        self.monitor = monitor
    }

    /// Of several who ask at once one does it; the others get `already_erased`. Who came back is erased anew. Throws
    /// `own_account`, and `role_too_high` for somebody who may do more than the caller.
    package func erase(
        _ person: UniqueID, for reason: ErasureReason, by principal: Principal
    ) async throws -> ErasureCertificate {
        try await erase(person, for: reason.rawValue, replaying: nil, by: principal)
    }

    /// Erases once more who was erased after the moment of a backup that was restored. Throws `not_genuine` unless this
    /// installation signed the certificate for this organization.
    package func replay(
        _ certificate: ErasureCertificate, by principal: Principal
    ) async throws -> ErasureCertificate {
        guard certificate.isGenuine(under: signer.publicKey, of: principal.organization) else {
            throw DomainError(
                .unprocessable, code: "not_genuine",
                "This is no certificate that this installation signed for this organization.",
                parameter: "certificate")
        }
        return try await erase(
            certificate.person, for: certificate.said["reason"]?.string ?? "", replaying: certificate.id,
            by: principal)
    }

    private func erase(
        _ person: UniqueID, for reason: String, replaying old: UniqueID?, by principal: Principal
    ) async throws -> ErasureCertificate {
        guard principal.user != person else { throw Self.ownAccount }
        let organization = principal.organization
        let id = UniqueID.v7()
        // On a connection of its own: blanking contents reads all calls of the organization, which may be many.
        let made = try await database.longTransaction(organization: organization) { transaction in
            if let obstacle = try await ErasureStore.obstacle(to: person, in: transaction) { throw obstacle.error }
            if let member = try await MemberStore.find(person, in: transaction) {
                try member.checkManaged(by: principal)
            }
            let done = try await ErasureStore.erase(person, in: transaction)
            let certificate = try signer.certificate(
                id, of: person, in: organization, for: reason, at: .now(), done: done)
            try await ErasureStore.insert(certificate, of: organization, in: transaction)
            var payload: [JSONMember] = [
                JSONMember("certificate", .string(certificate.statement)),
                JSONMember("signature", .string(Base64.encode(certificate.signature))),
            ]
            if let old { payload.append(JSONMember("replays", .string("erasure:\(old)"))) }
            try await AuditService.append(
                "person.erased", id: id, category: "auth", entity: "user:\(person)", payload: .object(payload),
                by: principal.actor, of: organization, in: transaction)
            return certificate
        }
        try await monitor.refresh()
        return made
    }

    private static let ownAccount = DomainError(
        .conflict, code: "own_account", "Nobody erases themselves: another administrator must do it.",
        shouldRetry: false)

    /// Newest first.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [ErasureCertificate] {
        try await database.transaction(organization: organization) { try await ErasureStore.page(page, in: $0) }
    }

    /// Throws `erasure_not_found`, also for another organization's.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> ErasureCertificate {
        let found = try await database.transaction(organization: organization) {
            try await ErasureStore.find(id, in: $0)
        }
        guard let found else {
            throw DomainError(
                .notFound, code: "erasure_not_found",
                "There is no erasure with this id; 'witan erasures list' shows those there are.")
        }
        return found
    }
}
