// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The tables `auth.teams` and `auth.team_members`.
enum TeamStore {
    static func insert(
        _ draft: TeamDraft, id: UniqueID, organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.teams (org_id, id, name, description)
            VALUES (\(organization), \(id), \(draft.name), \(draft.description))
            """)
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [Team] {
        try await transaction.query(
            """
            SELECT t.id, t.name, t.description, t.created_at,
                   (SELECT count(*) FROM auth.team_members m
                    WHERE m.team_id = t.id AND m.retired_at IS NULL) AS member_count
            FROM auth.teams t
            WHERE t.retired_at IS NULL AND (\(page.after)::uuid IS NULL OR t.id < \(page.after))
            ORDER BY t.id DESC LIMIT \(page.limit)
            """
        ).map { try Team(row: $0) }
    }

    /// The team, or nil when there is none of this id, or not any more; locked, so that of two changes at once one
    /// comes after the other.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Team? {
        try await transaction.query(
            """
            SELECT t.id, t.name, t.description, t.created_at,
                   (SELECT count(*) FROM auth.team_members m
                    WHERE m.team_id = t.id AND m.retired_at IS NULL) AS member_count
            FROM auth.teams t WHERE t.id = \(id) AND t.retired_at IS NULL FOR UPDATE OF t
            """
        ).first.map { try Team(row: $0) }
    }

    static func update(_ id: UniqueID, to draft: TeamDraft, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            "UPDATE auth.teams SET name = \(draft.name), description = \(draft.description) WHERE id = \(id)")
    }

    /// Ends the team, and everybody's place in it.
    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("UPDATE auth.teams SET retired_at = now() WHERE id = \(id)")
        try await transaction.execute(
            "UPDATE auth.team_members SET retired_at = now() WHERE team_id = \(id) AND retired_at IS NULL")
    }

    // MARK: Who is in it

    static func members(
        of team: UniqueID, _ page: PageRequest, in transaction: borrowing Transaction
    ) async throws -> [TeamMember] {
        try await transaction.query(
            """
            SELECT m.user_id, u.email, u.name, m.role, m.created_at
            FROM auth.team_members m JOIN auth.users u ON u.id = m.user_id
            WHERE m.team_id = \(team) AND m.retired_at IS NULL
                AND (\(page.after)::uuid IS NULL OR m.user_id < \(page.after))
            ORDER BY m.user_id DESC LIMIT \(page.limit)
            """
        ).map { try TeamMember(row: $0) }
    }

    static func member(
        _ user: UniqueID, of team: UniqueID, in transaction: borrowing Transaction
    ) async throws -> TeamMember? {
        try await transaction.query(
            """
            SELECT m.user_id, u.email, u.name, m.role, m.created_at
            FROM auth.team_members m JOIN auth.users u ON u.id = m.user_id
            WHERE m.team_id = \(team) AND m.user_id = \(user) AND m.retired_at IS NULL
            """
        ).first.map { try TeamMember(row: $0) }
    }

    /// Gives somebody a place in a team, or one again; false when they have one.
    static func add(
        _ user: UniqueID, as role: TeamRole, to team: UniqueID, organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO auth.team_members (org_id, team_id, user_id, role)
            VALUES (\(organization), \(team), \(user), \(role.rawValue))
            ON CONFLICT (org_id, team_id, user_id) DO UPDATE SET role = excluded.role, retired_at = NULL
            WHERE team_members.retired_at IS NOT NULL
            """) == 1
    }

    static func update(
        _ user: UniqueID, to role: TeamRole, of team: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE auth.team_members SET role = \(role.rawValue) WHERE team_id = \(team) AND user_id = \(user)")
    }

    static func remove(
        _ user: UniqueID, from team: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE auth.team_members SET retired_at = now() WHERE team_id = \(team) AND user_id = \(user)")
    }
}

extension Team {
    init(row: Row) throws {
        self.init(
            id: try row["id"], draft: TeamDraft(name: try row["name"], description: try row["description"]),
            memberCount: try row["member_count"], createdAt: try row["created_at"])
    }
}

extension TeamMember {
    init(row: Row) throws {
        let stored: String = try row["role"]
        // The table's CHECK allows no other.
        guard let role = TeamRole(rawValue: stored) else { throw DomainError.unforeseen }
        self.init(
            id: try row["user_id"], email: try row["email"], name: try row["name"], role: role,
            joinedAt: try row["created_at"])
    }
}
