// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import Cryptography
import HTTPServer
import JSON
import SwiftExtensions

extension ErasureService {
    /// An erasure is made and shown; it is not taken back.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/erasures", permission: .managePrivacy, audit: "person.erased",
                summary: "Erases a person from the organization, for good, and answers with the certificate",
                fields: [
                    .init("user", "string", required: true, "id of the person"),
                    .init("reason", "string", required: true, Self.reasons),
                ]
            ) { context in
                var fields = try context.fields()
                let (person, reason) = try reading {
                    let person = try fields.id("user")
                    let name = try fields.string("reason")
                    try fields.finish()
                    guard let reason = ErasureReason(rawValue: name) else {
                        throw DomainError(
                            .invalid, code: "invalid_value", "reason must be one of \(Self.reasons).",
                            parameter: "reason")
                    }
                    return (person, reason)
                }
                return .json(try await erase(person, for: reason, by: try context.caller()).view, status: 201)
            },
            Endpoint(
                .post, "/api/v1/erasures/replay", permission: .managePrivacy, audit: "person.erased",
                summary: "After a backup was restored: erases again whom a certificate kept elsewhere names",
                fields: [
                    .init("certificate", "string", required: true, "as the erasure's answer had it"),
                    .init("signature", "string", required: true, "base64, as the erasure's answer had it"),
                ]
            ) { context in
                let certificate = try Self.certificate(context)
                return .json(try await replay(certificate, by: try context.caller()).view, status: 201)
            },
            Endpoint(
                .get, "/api/v1/erasures", permission: .managePrivacy, summary: "The erasures, newest first"
            ) { context in
                let page = try context.page()
                let found = try await list(page, of: try context.caller().organization)
                return .page(found.map(\.view), limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/erasures/{id}", permission: .managePrivacy, summary: "One erasure's certificate"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
        ]
    }

    private static let reasons = ErasureReason.allCases.map(\.rawValue).joined(separator: ", ")

    /// A certificate from outside; whether it is genuine is not decided here.
    private static func certificate(_ context: RequestContext) throws -> ErasureCertificate {
        var fields = try context.fields()
        return try reading {
            let statement = try fields.string("certificate")
            let signature = try fields.string("signature")
            try fields.finish()
            guard let said = try? JSONValue(parsing: Array(statement.utf8)),
                let id = said["erasure"]?.string.flatMap({ UniqueID($0) }),
                let person = said["user"]?.string.flatMap({ UniqueID($0) })
            else {
                throw DomainError(
                    .invalid, code: "invalid_value", "certificate must be the text of a certificate, byte for byte.",
                    parameter: "certificate")
            }
            return ErasureCertificate(
                id: id, person: person, statement: statement, signature: Base64.decode(signature) ?? [],
                masterKeyID: said["master_key"]?.string ?? "")
        }
    }
}

extension JSONFields {
    /// A UUID as text, which must be there.
    mutating func id(_ name: String) throws -> UniqueID {
        guard let id = try optionalID(name) else { throw error(name, expected: "an id of 36 characters") }
        return id
    }
}

extension ErasureCertificate {
    /// What it says, readable, and the very text that is signed.
    var view: JSONValue {
        let said = said
        return [
            "id": .string(id.description), "user": .string(person.description), "reason": said["reason"] ?? .null,
            "erased_at": said["erased_at"] ?? .null, "account": said["account"] ?? .null,
            "counts": said["counts"] ?? .null, "certificate": .string(statement),
            "signature": .string(Base64.encode(signature)), "master_key": .string(masterKeyID),
        ]
    }
}
