// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Who is in the organization, with which keys: the part that every seed has.
struct SeedPeople {
    struct Person {
        let id: UniqueID
        let name: String
        let role: String
        let key: UniqueID
    }

    let all: [Person]

    subscript(_ name: String) -> Person {
        guard let person = all.first(where: { $0.name.hasPrefix(name) }) else {
            preconditionFailure("the seed knows no \(name)")
        }
        return person
    }

    /// Adds organization, people, memberships and keys.
    static func add(to seed: inout SeedSet, name: String, plan: String, people: [(String, String)]) -> SeedPeople {
        let founded = seed.time(daysAgo: 29, hour: 8)
        seed.addUnowned(
            "auth.organizations",
            [
                [
                    "id": .id(seed.organization), "name": .string(name), "slug": .string(seed.slug),
                    "plan": .string(plan), "content_retention": true, "created_at": .time(founded),
                ]
            ])
        let all = people.enumerated().map { index, person in
            Person(
                id: seed.id("person \(person.0)", at: founded + .seconds(60 * Int64(index))), name: person.0,
                role: person.1, key: seed.id("key \(person.0)", at: founded + .seconds(600 + 60 * Int64(index))))
        }
        seed.addUnowned(
            "auth.users",
            all.map {
                [
                    "id": .id($0.id), "name": .string($0.name), "verified": true,
                    "email": .string(
                        "\($0.name.lowercased().replacing(" ", with: "."))@\(seed.slug).example"),
                    "created_at": .time($0.id.time),
                ]
            })
        seed.add(
            "auth.memberships",
            all.map { ["user_id": .id($0.id), "role": .string($0.role), "created_at": .time($0.id.time)] })
        // Nobody has the text that hashes to these: they stand for keys of programs that run elsewhere.
        seed.add(
            "auth.api_keys",
            all.map {
                [
                    "id": .id($0.key), "name": .string("\($0.name)'s program"), "role": .string($0.role),
                    "key_hash": .bytes(SHA256.hash(Array("\(seed.kind.rawValue) \($0.key)".utf8))),
                    "last_four": "seed", "user_id": .id($0.id), "created_by": .id($0.id),
                    "created_at": .time($0.key.time),
                ]
            })
        for person in all {
            seed.log(
                "key.created", "auth", entity: "key:\(person.key)", by: "user:\(all[0].id)",
                payload: ["name": .string("\(person.name)'s program"), "role": .string(person.role)],
                id: seed.id("log key \(person.name)", at: person.key.time))
        }
        return SeedPeople(all: all)
    }
}
