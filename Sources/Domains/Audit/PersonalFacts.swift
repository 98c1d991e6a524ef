// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
package import JSON
package import SwiftExtensions

/// What an entry is to hold of a person, such as an address; it is sealed before it is written.
package struct PersonalFacts: Sendable, Equatable {
    /// Whose facts they are.
    package let person: UniqueID
    /// By name; a value that is nil stands for nothing.
    package let facts: [JSONMember]

    /// Facts by name.
    package init(of person: UniqueID, _ facts: [JSONMember]) {
        self.person = person
        self.facts = facts
    }

    /// An actor's and another's, each person once.
    static func of(_ actor: Actor, _ other: PersonalFacts?) -> [PersonalFacts] {
        var all: [PersonalFacts] = []
        if let person = actor.person, !actor.facts.isEmpty { all.append(PersonalFacts(of: person, actor.facts)) }
        guard let other, !other.facts.isEmpty else { return all }
        if let own = all.first, own.person == other.person {
            return [PersonalFacts(of: own.person, own.facts + other.facts)]
        }
        return all + [other]
    }
}

extension Actor {
    /// Where it acted from, as the views of the log call it.
    var facts: [JSONMember] {
        guard let origin else { return [] }
        var facts = [JSONMember("ip_address", .string(origin.address))]
        if let userAgent = origin.userAgent { facts.append(JSONMember("user_agent", .string(userAgent))) }
        return facts
    }
}

/// What an entry holds of a person, as far as it can be read.
package struct PersonalPart: Sendable, Equatable {
    /// Whether it can be read.
    package enum State: String, Sendable {
        /// It could.
        case open
        /// The person's key is destroyed.
        case erased
        /// It needs another master key, or is damaged.
        case unreadable
    }

    /// Whose it is.
    package let person: UniqueID
    /// Whether it can be read.
    package let state: State
    /// Empty unless it is open.
    package let facts: [JSONMember]

    /// As answers show it: `user`, `state` and the facts.
    package var view: JSONValue {
        .object(
            [JSONMember("user", .string(person.description)), JSONMember("state", .string(state.rawValue))] + facts)
    }

    /// As it lies in an entry.
    struct Sealed: Sendable {
        let entry: UniqueID
        let person: UniqueID
        /// Nil when there was no key to seal with any more.
        let bytes: [UInt8]?

        static func all(in entry: AuditEntry) -> [Sealed] {
            guard entry.payload.contains("\"personal\":") else { return [] }
            let payload = try? JSONValue(parsing: Array(entry.payload.utf8))
            return (payload?["personal"]?.elements ?? []).compactMap { part in
                guard let person = part["user"]?.string.flatMap({ UniqueID($0) }) else { return nil }
                return Sealed(
                    entry: entry.id, person: person, bytes: part["sealed"]?.string.flatMap { Base64.decode($0) })
            }
        }

        func opened(with seal: PersonalSeal?, _ key: PersonalSeal.Key?, of organization: UniqueID) -> PersonalPart {
            guard let key, let bytes else { return PersonalPart(person: person, state: .erased, facts: []) }
            let owner = PersonalSeal.Owner(organization: organization, person: person)
            guard let plain = try? seal?.open(bytes, under: key, of: owner, entry: entry),
                let facts = (try? JSONValue(parsing: plain))?.members
            else { return PersonalPart(person: person, state: .unreadable, facts: []) }
            return PersonalPart(person: person, state: .open, facts: facts)
        }
    }
}
