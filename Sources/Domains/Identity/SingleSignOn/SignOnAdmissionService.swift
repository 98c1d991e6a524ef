// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
import Postgres
import SwiftExtensions

/// Whose account a person from a provider gets, in one transaction.
///
/// A provider belongs to an organization whose administrators choose it, and can make it say anything. So it never gets
/// at accounts that are not the organization's: an address finds a member of this organization or nobody.
struct SignOnAdmission {
    let person: FederatedPerson
    let provider: SingleSignOnProvider
    let organization: UniqueID
    let role: Role
    let origin: Origin

    /// The account: the one linked before, else the member with the verified address, else a new one.
    func account(in transaction: borrowing Transaction) async throws -> UniqueID {
        let linked = try await SignOnStore.user(of: person.subject, at: provider.id, in: transaction)
        let user = if let linked { linked } else { try await link(in: transaction) }
        guard let account = try await SignOnStore.account(user, in: transaction), !account.hasLeft else {
            throw Self.left
        }
        guard !account.isOperator else { throw Self.operators }
        if !provider.rules.roleMapping.isEmpty, account.role != RoleChoice(role) {
            try await change(account, in: transaction)
        }
        try await SignOnStore.touch(person, at: provider.id, user: user, in: transaction)
        try await record("sso.signed_in", user, ["provider": .string(provider.id.description)], in: transaction)
        return user
    }

    private func link(in transaction: borrowing Transaction) async throws -> UniqueID {
        let email = try person.verifiedEmail()
        let user: UniqueID
        if let known = try await SignOnStore.user(with: email, in: transaction) {
            guard let account = try await SignOnStore.account(known, in: transaction) else { throw Self.elsewhere }
            guard !account.hasLeft else { throw Self.left }
            guard !account.isOperator else { throw Self.operators }
            user = known
        } else {
            user = .v7()
            try await SignOnStore.insert(
                user, person, email: email, role: role, organization: organization, in: transaction)
            try await record("member.created", user, ["role": .string(role.rawValue)], in: transaction)
        }
        try await SignOnStore.link(
            user, to: person.subject, at: provider.id, organization: organization, in: transaction)
        try await record("sso.linked", user, ["provider": .string(provider.id.description)], in: transaction)
        return user
    }

    /// The role follows the groups, also where it was a custom one, but for the last administrator, who stays one.
    private func change(_ account: SignOnStore.Account, in transaction: borrowing Transaction) async throws {
        do {
            try await transaction.savepoint { try await SignOnStore.set(role, of: account.user, in: $0) }
        } catch let error as PostgresError {
            guard case .server(let cause) = error, cause.constraint == "memberships_admin" else { throw error }
            return
        }
        try await record(
            "member.updated", account.user,
            [
                "role": .string(role.rawValue), "old_role": .string(account.role.role.rawValue),
                "old_custom_role": account.role.customName,
            ], in: transaction)
    }

    private func record(
        _ action: String, _ user: UniqueID, _ payload: JSONValue, in transaction: borrowing Transaction
    ) async throws {
        try await AuditService.append(
            action, category: "auth", entity: "user:\(user)", payload: payload,
            by: Actor(Caller.person(user).name, from: origin), of: organization, in: transaction)
    }

    static let elsewhere = DomainError(
        .forbidden, code: "sso_account_elsewhere",
        "There is an account with your address that does not belong to this organization; ask to be invited.")

    private static let left = DomainError(
        .forbidden, code: "not_a_member", "You do not belong to this organization (any more).", shouldRetry: false)

    private static let operators = DomainError(
        .forbidden, code: "sso_account_protected",
        "Operators of the installation sign in by password: an organization's provider could name anybody."
    )
}
