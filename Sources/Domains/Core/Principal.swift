// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// How a request proved who it is from.
package enum Caller: Sendable, Hashable {
    /// A program, by the id of its API key.
    case key(UniqueID)
    /// A person who signed in, by their id.
    case person(UniqueID)

    /// The key's or the person's.
    package var id: UniqueID {
        switch self {
        case .key(let id), .person(let id): id
        }
    }

    /// As the log names it: `key:<id>` or `user:<id>`.
    package var name: String {
        switch self {
        case .key(let id): "key:\(id)"
        case .person(let id): "user:\(id)"
        }
    }
}

/// Where a request came from, as far as it can be known. Of a person these are personal data: the log takes them sealed
/// under that person's key, and `seal` is what it takes for that.
package struct Origin: Sendable, Equatable {
    /// The client's address in its shortest form, without a port.
    package let address: String
    /// What the client calls itself, at most 256 characters, control characters replaced; nil when it says nothing.
    package let userAgent: String?
    /// Seals what the log keeps of a person; without it nothing personal is kept.
    package let seal: PersonalSeal?

    /// Cuts and cleans what the client says of itself.
    package init(address: String, userAgent: String?, seal: PersonalSeal? = nil) {
        self.address = address
        self.seal = seal
        // Nearly always short and clean already, and this runs for every request.
        self.userAgent = userAgent.map { text in
            text.utf8.count <= 256 && !text.utf8.contains { $0 < 0x20 }
                ? text
                : String(String.UnicodeScalarView(text.unicodeScalars.prefix(256).map { $0.value < 0x20 ? " " : $0 }))
        }
    }

    /// Whether address and user agent are the same.
    package static func == (first: Origin, second: Origin) -> Bool {
        first.address == second.address && first.userAgent == second.userAgent
    }
}

/// Who did something, as the log keeps it.
package struct Actor: Sendable, Equatable {
    /// `key:<id>`, `user:<id>` or `system`.
    package let name: String
    /// The person: who is named, whose key it is, or whom an act of the system is for; nil for a program's and the
    /// system's own. Where the request came from is kept as theirs.
    package let person: UniqueID?
    /// Where the request came from; nil for what the program does by itself.
    package let origin: Origin?

    /// An actor of that name; `user:<id>` is that person without further words.
    package init(_ name: String, person: UniqueID? = nil, from origin: Origin? = nil) {
        self.name = name
        self.person = person ?? (name.hasPrefix("user:") ? UniqueID(String(name.dropFirst(5))) : nil)
        self.origin = origin
    }

    /// The program itself.
    package static let system = Actor("system")
}

/// Who makes a request, with what the hot path must know of the caller and its organization.
package struct Principal: Sendable {
    /// The caller's organization; every query is confined to it.
    package let organization: UniqueID
    /// The key or person.
    package let caller: Caller
    /// The sign-in that a person's token descends from; nil for a key.
    package let session: UniqueID?
    /// The person: who signed in, or who owns the key; nil for a key that is nobody's.
    package let user: UniqueID?
    /// The key's name, as its maker gave it; a person's is their role.
    package let name: String
    /// The built-in role; what counts is `permissions`.
    package let role: Role
    /// What the caller may do: the role's or a custom role's, narrowed by the scopes of a key.
    package let permissions: PermissionSet
    /// Models the caller may call, as `provider/model`; empty means all.
    package let allowedModels: [String]
    /// Where the caller may come from; empty means from everywhere. Kept so that it gives no key that may more.
    package let allowedAddresses: [NetworkRange]
    /// When the caller's key ends; nil for one that does not, and for a person.
    package let expiresAt: Timestamp?
    /// The organization's, as of the last snapshot.
    package let policy: OrganizationPolicy
    /// Where this request came from; set when it is admitted.
    package var origin: Origin?

    /// Without `permissions` the role's.
    package init(
        organization: UniqueID, caller: Caller, session: UniqueID? = nil, user: UniqueID? = nil, name: String,
        role: Role, permissions: PermissionSet? = nil, allowedModels: [String] = [],
        allowedAddresses: [NetworkRange] = [], expiresAt: Timestamp? = nil, policy: OrganizationPolicy
    ) {
        self.organization = organization
        self.caller = caller
        self.session = session
        self.user = user
        self.name = name
        self.role = role
        self.permissions = permissions ?? role.permissions
        self.allowedModels = allowedModels
        self.allowedAddresses = allowedAddresses
        self.expiresAt = expiresAt
        self.policy = policy
    }

    /// The key's or the person's id.
    package var id: UniqueID { caller.id }

    /// The key's id; nil for a person who signed in.
    package var key: UniqueID? {
        if case .key(let id) = caller { id } else { nil }
    }

    /// How refusals call it.
    package var title: String {
        switch caller {
        case .key: "The key '\(name)' of role \(role.rawValue)"
        case .person: "Your role \(name)"
        }
    }

    /// Whether the caller has the permission.
    package func may(_ permission: Permission) -> Bool { permissions.contains(permission) }

    /// How the log names this caller, and where from.
    package var actor: Actor { Actor(caller.name, person: user, from: origin) }
}

/// What an organization has chosen about its calls.
package struct OrganizationPolicy: Sendable, Equatable {
    /// Whether prompts and answers are stored; digests always are.
    package let contentRetention: Bool
    /// Whether an answer waits until its record is committed.
    package let durableAnswers: Bool
    /// The price per token assumed where none is known; nil refuses such calls.
    package let unknownPriceCeiling: FixedDecimal?

    package init(contentRetention: Bool, durableAnswers: Bool, unknownPriceCeiling: FixedDecimal?) {
        self.contentRetention = contentRetention
        self.durableAnswers = durableAnswers
        self.unknownPriceCeiling = unknownPriceCeiling
    }
}
