// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Teams and who is in them. Who manages teams does everything; a lead looks after the plain members of their own.
package struct TeamService: Sendable {
    private let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// A new team with nobody in it.
    package func create(_ draft: TeamDraft, by principal: Principal) async throws -> Team {
        try draft.check()
        let id = UniqueID.v7()
        return try await database.transaction(organization: principal.organization) { transaction in
            try await Self.naming {
                try await TeamStore.insert(draft, id: id, organization: principal.organization, in: transaction)
            }
            try await Self.log("team.created", id, draft.payload, by: principal, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Those there are, newest first.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [Team] {
        try await database.transaction(organization: organization) { try await TeamStore.page(page, in: $0) }
    }

    /// Throws `team_not_found` when the organization has no team of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> Team {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Team {
        guard let found = try await TeamStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "team_not_found",
                "There is no team with this id; 'witan teams list' shows those there are.")
        }
        return found
    }

    /// Changes name and purpose.
    package func update(
        _ id: UniqueID, by principal: Principal, change: @Sendable (inout TeamDraft) throws -> Void
    ) async throws -> Team {
        try await database.transaction(organization: principal.organization) { transaction in
            var draft = try await Self.find(id, in: transaction).draft
            try change(&draft)
            try draft.check()
            try await Self.naming { try await TeamStore.update(id, to: draft, in: transaction) }
            try await Self.log("team.updated", id, draft.payload, by: principal, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Retires a team and ends everybody's place in it; what belongs to it remains the organization's.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            let team = try await Self.find(id, in: transaction)
            try await TeamStore.retire(id, in: transaction)
            try await Self.log(
                "team.retired", id, ["name": .string(team.draft.name)], by: principal, in: transaction)
        }
    }

    // MARK: Who is in it

    /// Newest accounts first.
    package func members(
        of team: UniqueID, _ page: PageRequest, organization: UniqueID
    ) async throws -> [TeamMember] {
        try await database.transaction(organization: organization) { transaction in
            _ = try await Self.find(team, in: transaction)
            return try await TeamStore.members(of: team, page, in: transaction)
        }
    }

    /// Adds a member of the organization. Throws `not_team_lead`, `user_not_found`, `already_in_team`.
    package func add(
        _ user: UniqueID, as role: TeamRole, to team: UniqueID, by principal: Principal
    ) async throws -> TeamMember {
        try await database.transaction(organization: principal.organization) { transaction in
            _ = try await Self.find(team, in: transaction)
            try await Self.check(role, of: team, isGivenBy: principal, in: transaction)
            guard try await MemberStore.isMember(user, in: transaction) else {
                throw DomainError(
                    .invalid, code: "user_not_found", "user must be the id of a member of the organization.",
                    parameter: "user")
            }
            guard
                try await TeamStore.add(
                    user, as: role, to: team, organization: principal.organization, in: transaction)
            else {
                throw DomainError(
                    .conflict, code: "already_in_team", "This person is in the team; change their role instead.")
            }
            try await Self.log(
                "team.member_added", team, ["user": .string("user:\(user)"), "role": .string(role.rawValue)],
                by: principal, in: transaction)
            return try await Self.member(user, of: team, in: transaction)
        }
    }

    /// Makes a lead of a member, or a member of a lead; throws `not_team_lead` for who does not manage teams.
    package func update(
        _ user: UniqueID, to role: TeamRole, of team: UniqueID, by principal: Principal
    ) async throws -> TeamMember {
        try await database.transaction(organization: principal.organization) { transaction in
            _ = try await Self.find(team, in: transaction)
            try await Self.check(.lead, of: team, isGivenBy: principal, in: transaction)
            let old = try await Self.member(user, of: team, in: transaction)
            try await TeamStore.update(user, to: role, of: team, in: transaction)
            try await Self.log(
                "team.member_updated", team,
                [
                    "user": .string("user:\(user)"), "role": .string(role.rawValue),
                    "old_role": .string(old.role.rawValue),
                ], by: principal, in: transaction)
            return try await Self.member(user, of: team, in: transaction)
        }
    }

    /// Takes somebody out of a team; throws `not_team_lead` for who may not.
    package func remove(_ user: UniqueID, from team: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            _ = try await Self.find(team, in: transaction)
            let member = try await Self.member(user, of: team, in: transaction)
            try await Self.check(member.role, of: team, isGivenBy: principal, in: transaction)
            try await TeamStore.remove(user, from: team, in: transaction)
            try await Self.log(
                "team.member_removed", team, ["user": .string("user:\(user)")], by: principal, in: transaction)
        }
    }

    private static func member(
        _ user: UniqueID, of team: UniqueID, in transaction: borrowing Transaction
    ) async throws -> TeamMember {
        guard let found = try await TeamStore.member(user, of: team, in: transaction) else {
            throw DomainError(.notFound, code: "user_not_found", "The team has no member with this id.")
        }
        return found
    }

    private static func check(
        _ role: TeamRole, of team: UniqueID, isGivenBy principal: Principal, in transaction: borrowing Transaction
    ) async throws {
        let place =
            if let user = principal.user { try await TeamStore.member(user, of: team, in: transaction)?.role } else {
                TeamRole?.none
            }
        guard role.isGiven(by: place, mayManageTeams: principal.may(.manageTeams)) else {
            throw DomainError(
                .forbidden, code: "not_team_lead",
                "Only the team's leads add and remove its members, and only who has the permission teams.manage "
                    + "names the leads.", shouldRetry: false)
        }
    }

    private static func log(
        _ action: String, _ team: UniqueID, _ payload: JSONValue, by principal: Principal,
        in transaction: borrowing Transaction
    ) async throws {
        try await AuditService.append(
            action, category: "auth", entity: "team:\(team)", payload: payload, by: principal.actor,
            of: principal.organization, in: transaction)
    }

    private static func naming(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as PostgresError where error.isUniqueViolation {
            throw DomainError(
                .conflict, code: "team_exists", "The organization has a team of this name; choose another one.",
                parameter: "name")
        }
    }
}

extension TeamDraft {
    fileprivate var payload: JSONValue { ["name": .string(name), "description": .string(description)] }
}
