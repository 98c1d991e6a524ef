// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A team of an organization; projects may belong to one.
package struct Team: Sendable, Equatable {
    /// A UUIDv7.
    package let id: UniqueID
    /// Name and purpose.
    package let draft: TeamDraft
    /// How many are in it.
    package let memberCount: Int64
    /// When the database wrote it.
    package let createdAt: Timestamp
}

/// What a team is to be: all of it can be changed afterwards.
package struct TeamDraft: Sendable, Equatable {
    /// 1…200 characters; unique in the organization.
    package var name: String
    /// At most 1000 characters.
    package var description: String

    package init(name: String, description: String = "") {
        self.name = name
        self.description = description
    }

    /// Throws a `DomainError` that names the field when something is out of bounds.
    package func check() throws(DomainError) {
        try DisplayName.check(name)
        guard description.unicodeScalars.count <= 1000, !description.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_value",
                "description takes at most 1000 characters, and no control characters.", parameter: "description")
        }
    }
}

/// What somebody is in a team.
package enum TeamRole: String, Sendable, CaseIterable {
    /// May add and remove plain members.
    case lead
    /// Belongs to it.
    case member
}

/// A person's place in a team.
package struct TeamMember: Sendable, Equatable {
    /// The person's.
    package let id: UniqueID
    /// In lower case.
    package let email: String
    /// What the person is called; may be empty.
    package let name: String
    /// What they are in the team.
    package let role: TeamRole
    /// When they first came.
    package let joinedAt: Timestamp
}

extension TeamRole {
    /// Whether who is `caller` in the team may bring somebody into this place of it, or take them out of it. Leads
    /// look after plain members; who the leads are is for those who manage teams.
    func isGiven(by caller: TeamRole?, mayManageTeams: Bool) -> Bool {
        mayManageTeams || (caller == .lead && self == .member)
    }
}
