// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Second factors: set up, asked for at the sign-in, used up, taken away. Each act commits with its entry in the log.
package struct SecondFactorService: Sendable {
    private let database: Database
    private let masterKey: MasterKey
    private let pepper: HMACSHA256
    private let passwords: PasswordService
    private let monitor: IdentityMonitor

    /// The master key seals the secrets of authenticators; `pepper` keys the hashes of recovery codes.
    package init(
        database: Database, masterKey: MasterKey, pepper: HMACSHA256, passwords: PasswordService,
        monitor: IdentityMonitor
    ) {
        self.database = database
        self.monitor = monitor
        self.masterKey = masterKey
        self.pepper = pepper
        self.passwords = passwords
    }

    /// Whether the person has one, and how many recovery codes are left.
    package func status(of principal: Principal) async throws -> SecondFactorStatus {
        let user = try principal.person()
        return try await database.transaction(organization: principal.organization) { transaction in
            SecondFactorStatus(
                enabledAt: try await SecondFactorStore.find(user, in: transaction)?.confirmedAt,
                recoveryCodesLeft: try await SecondFactorStore.codesLeft(of: user, in: transaction))
        }
    }

    // MARK: The sign-in

    /// Uses up a code or recovery code of somebody whose password was right; one of the two. Throws `invalid_code`
    /// (403), which the caller counts as a failure. Of several uses of one code at once one wins.
    package func prove(
        _ given: GivenCode, of user: UniqueID, in transaction: borrowing Transaction, now: Timestamp = .now()
    ) async throws {
        switch given {
        case .authenticator(let code):
            guard let factor = try await SecondFactorStore.find(user, in: transaction), factor.confirmedAt != nil,
                try await use(code, of: factor, in: transaction, now: now)
            else { throw Self.invalidCode("code") }
        case .recoveryCode(let typed):
            guard let hash = RecoveryCode(typed: typed)?.hash(of: user, pepper: pepper),
                try await SecondFactorStore.useCode(hash, of: user, in: transaction)
            else { throw Self.invalidCode("recovery_code") }
        }
    }

    private func use(
        _ code: Secret<String>, of factor: SecondFactor, in transaction: borrowing Transaction, now: Timestamp
    ) async throws -> Bool {
        let totp = try factor.open(with: masterKey)
        guard let step = totp.matchingStep(of: code.reveal(), at: now, after: factor.lastStep) else { return false }
        return try await SecondFactorStore.use(step, of: factor.user, in: transaction)
    }

    // MARK: One's own

    /// A new authenticator, not asked for until `confirm`. Begun anew, the one before is forgotten. The password is
    /// asked for, of who has one: a stolen session alone must not lock the person out. Throws `wrong_password` and
    /// `second_factor_enabled` (409) when there is a confirmed one.
    package func begin(
        password: Secret<String>?, by principal: Principal
    ) async throws -> (secret: OneTimePassword, uri: Secret<String>) {
        let account = try await passwords.account(of: principal)
        try await passwords.check(password, of: account, by: principal)
        let secret = OneTimePassword.generate()
        let envelope = SecondFactor.seal(secret, of: account.user, with: masterKey)
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await SecondFactorStore.begin(account.user, envelope, in: transaction) else { throw Self.enabled }
            try await record("second_factor.begun", of: account.user, by: principal, in: transaction)
        }
        return (secret, secret.uri(issuer: "Witan", account: account.email))
    }

    /// Turns the authenticator on with its first code, and gives the recovery codes. The person's other sessions end:
    /// they were begun without it. Throws `invalid_code`, `second_factor_enabled` and, before `begin`,
    /// `second_factor_missing` (409).
    package func confirm(
        _ code: Secret<String>, by principal: Principal, now: Timestamp = .now()
    ) async throws -> [RecoveryCode] {
        let account = try await passwords.account(of: principal)
        let codes = try await counting(account, principal) { transaction in
            guard let factor = try await SecondFactorStore.find(account.user, in: transaction) else {
                throw Self.missing
            }
            guard factor.confirmedAt == nil else { throw Self.enabled }
            guard try await use(code, of: factor, in: transaction, now: now) else { throw Self.invalidCode("code") }
            guard try await SecondFactorStore.confirm(account.user, in: transaction) else { throw Self.enabled }
            try await AccountStore.endSessions(
                of: account.user, because: "a second factor was set up", but: principal.session, in: transaction)
            if let family = principal.session { try await SessionStore.prove(.totp, family: family, in: transaction) }
            try await record("second_factor.enabled", of: account.user, by: principal, in: transaction)
            return try await newCodes(of: account.user, in: transaction)
        }
        try await monitor.refresh()
        return codes
    }

    /// Takes the second factor away, after the password and a code, and ends the person's other sessions: they were
    /// begun with it. Throws `wrong_password`, `invalid_code`, `second_factor_missing`. Where the organization demands
    /// one, the person may do nothing from now on but set up another.
    package func remove(
        password: Secret<String>?, _ given: GivenCode, by principal: Principal, now: Timestamp = .now()
    ) async throws {
        let account = try await passwords.account(of: principal)
        try await passwords.refusals.watching(Self.refused, principal) {
            try await passwords.check(password, of: account, by: principal)
        }
        try await counting(account, principal, isWholeProof: true) { transaction in
            try await demandConfirmed(account.user, in: transaction)
            try await prove(given, of: account.user, in: transaction, now: now)
            guard try await SecondFactorStore.remove(account.user, in: transaction) else { throw Self.missing }
            try await AccountStore.endSessions(
                of: account.user, because: "the second factor was removed", but: principal.session, in: transaction)
            try await SecondFactorStore.voidRights(of: account.user, in: transaction)
            try await record(
                "second_factor.removed", of: account.user, by: principal, ["proof": .string(given.kind.rawValue)],
                in: transaction)
        }
        try await monitor.refresh()
    }

    /// Ten new recovery codes in place of those before. Throws `invalid_code` and `second_factor_missing`.
    package func renewCodes(
        _ code: Secret<String>, by principal: Principal, now: Timestamp = .now()
    ) async throws -> [RecoveryCode] {
        let account = try await passwords.account(of: principal)
        return try await counting(account, principal) { transaction in
            try await demandConfirmed(account.user, in: transaction)
            try await prove(.authenticator(code), of: account.user, in: transaction, now: now)
            try await record("second_factor.codes_renewed", of: account.user, by: principal, in: transaction)
            return try await newCodes(of: account.user, in: transaction)
        }
    }

    // MARK: Somebody else's

    /// Takes a member's second factor away, who lost it, and ends their sessions. Throws `user_not_found`,
    /// `second_factor_missing`, `role_too_high` for somebody who may do more than the caller, `own_membership` for
    /// one's own (a stolen key would do what takes password and code), and `belongs_elsewhere` (409) for who belongs
    /// to another organization as well: that one has a say, too, so only an operator may.
    package func reset(_ user: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard let member = try await MemberStore.find(user, in: transaction) else { throw Self.unknownUser }
            try member.checkManaged(by: principal)
            let organizations = try await AccountStore.organizations(of: user, in: transaction)
            guard organizations.count <= 1 || principal.may(.manageInstallation) else {
                throw DomainError(
                    .conflict, code: "belongs_elsewhere",
                    "This person belongs to another organization as well; an operator of the installation can do it.")
            }
            guard try await SecondFactorStore.remove(user, in: transaction) else { throw Self.missing }
            try await AccountStore.endSessions(
                of: user, because: "the second factor was reset", but: nil, in: transaction)
            try await record("second_factor.reset", of: user, by: principal, in: transaction)
        }
        try await monitor.refresh()
    }

    // MARK: Shared

    private static let refused = "second_factor.refused"

    private func counting<Value: Sendable>(
        _ account: Account, _ principal: Principal, isWholeProof: Bool = false,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        try await passwords.refusals.watching(Self.refused, principal) {
            try await passwords.counting(account, principal, isWholeProof: isWholeProof, body)
        }
    }

    private func newCodes(of user: UniqueID, in transaction: borrowing Transaction) async throws -> [RecoveryCode] {
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.generate() }
        try await SecondFactorStore.voidCodes(of: user, in: transaction)
        try await SecondFactorStore.insertCodes(
            codes.map { $0.hash(of: user, pepper: pepper) }, of: user, in: transaction)
        return codes
    }

    private func demandConfirmed(_ user: UniqueID, in transaction: borrowing Transaction) async throws {
        guard try await SecondFactorStore.find(user, in: transaction)?.confirmedAt != nil else { throw Self.missing }
    }

    private func record(
        _ action: String, of user: UniqueID, by principal: Principal, _ payload: JSONValue = [:],
        in transaction: borrowing Transaction
    ) async throws {
        try await PersonAuditService.append(
            action, of: user, payload: payload, by: principal.actor, home: principal.organization, in: transaction)
    }

    private static func invalidCode(_ field: String) -> DomainError {
        DomainError(
            .forbidden, code: "invalid_code",
            "\(field) is not right, or was used already; wait for the next one of your authenticator.",
            parameter: field)
    }

    private static let enabled = DomainError(
        .conflict, code: "second_factor_enabled",
        "You have a second factor already; remove it before you set up another.")
    private static let missing = DomainError(
        .conflict, code: "second_factor_missing", "There is no second factor to do this with.")
    private static let unknownUser = DomainError(
        .notFound, code: "user_not_found", "The organization has no member with this id.")
}

/// What somebody gives as second factor.
package enum GivenCode: Sendable {
    /// Six digits of an authenticator.
    case authenticator(Secret<String>)
    /// One of the codes for who lost it.
    case recoveryCode(Secret<String>)

    /// What it proves who somebody is by.
    package var kind: SecondFactorKind {
        switch self {
        case .authenticator: .totp
        case .recoveryCode: .recoveryCode
        }
    }
}
