// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions

/// Seals what an entry is to hold of people, in the transaction that writes it.
enum PersonalPartService {
    /// The parts as they are written: `{"sealed": …, "user": …}`. Of somebody whose key is destroyed, or who never
    /// belonged to the organization, only the id is kept. Without a seal nothing is: rather no address than one that
    /// anybody can read.
    static func seal(
        _ people: [PersonalFacts], with seal: PersonalSeal?, entry: UniqueID, of organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws -> [JSONValue] {
        guard let seal else { return [] }
        var parts: [JSONValue] = []
        for person in people {
            let owner = PersonalSeal.Owner(organization: organization, person: person.person)
            var sealed = JSONValue.null
            if let key = try await key(of: owner, seal, in: transaction) {
                let facts = try JSONValue.object(person.facts).canonicalBytes()
                sealed = .string(Base64.encode(try seal.seal(facts, under: key, of: owner, entry: entry)))
            }
            parts.append(["sealed": sealed, "user": .string(person.person.description)])
        }
        return parts
    }

    /// The person's key, which is made on first use; nil when it is destroyed or the person is not one of them.
    private static func key(
        of owner: PersonalSeal.Owner, _ seal: PersonalSeal, in transaction: borrowing Transaction
    ) async throws -> PersonalSeal.Key? {
        if let state = try await PersonalKeyStore.state(of: owner.person, in: transaction) { return state.key }
        try await PersonalKeyStore.insert(seal.newKey(for: owner), of: owner.person, in: transaction)
        // Somebody else may have been faster; there is one key, and it is the one that is there now.
        return try await PersonalKeyStore.state(of: owner.person, in: transaction)?.key
    }
}
