// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// Gives sessions to people who have proven who they are, renews them, lists and ends them.
package struct SessionService: Sendable {
    /// How long tokens live.
    package struct Lifetimes: Sendable {
        /// Of an access token; at most an hour, since revocations are remembered for two.
        package let access: Duration
        /// From sign-in until the person signs in again.
        package let session: Duration

        /// An hour at most for `access`.
        package init(access: Duration, session: Duration) {
            self.access = min(access, .seconds(3600))
            self.session = session
        }
    }

    private let database: Database
    private let tokenKey: HMACSHA256
    private let lifetimes: Lifetimes
    private let monitor: IdentityMonitor
    private let refusals: RefusalService

    package init(
        database: Database, tokenKey: HMACSHA256, lifetimes: Lifetimes, monitor: IdentityMonitor,
        refusals: RefusalService
    ) {
        self.database = database
        self.tokenKey = tokenKey
        self.lifetimes = lifetimes
        self.monitor = monitor
        self.refusals = refusals
    }

    // MARK: Beginning

    /// The first tokens of a new sign-in, in the transaction of the person's organization that proves it. Throws
    /// `not_a_member` when the person does not belong to it, `second_factor_required` when they have one and it was not
    /// asked.
    package func begin(
        _ person: ProvenPerson, in transaction: borrowing Transaction
    ) async throws -> IssuedSession {
        guard let rights = try await SessionStore.rights(of: person.user, in: transaction) else {
            throw Self.notAMember
        }
        guard rights.suffices(person.secondFactor) else { throw Self.secondFactorRequired }
        let now = try await Self.now(in: transaction)
        let family = UniqueID.v7()
        let issued = try await issue(
            person, rights, family: family, deviceInfo: Self.deviceInfo(person), now: now,
            expiresAt: now + lifetimes.session, in: transaction)
        try await AuditService.append(
            "session.created", category: "auth", entity: "session:\(family)",
            payload: ["second_factor": person.secondFactor.map { .string($0.rawValue) } ?? .null],
            by: person.actor, of: person.organization, in: transaction)
        return issued
    }

    private func issue(
        _ person: ProvenPerson, _ rights: MembershipRights, family: UniqueID, deviceInfo: String, now: Timestamp,
        expiresAt: Timestamp, in transaction: borrowing Transaction
    ) async throws -> IssuedSession {
        let refresh = RefreshToken.generate()
        try await SessionStore.insert(
            .v7(), family: family, person: person, deviceInfo: deviceInfo, token: refresh.hash, expiresAt: expiresAt,
            in: transaction)
        let access = AccessToken(
            organization: person.organization, user: person.user, session: family, membershipVersion: rights.version,
            role: rights.role, permissions: rights.permissions(person.secondFactor), issuedAt: now,
            // No access token outlives its session, which can therefore be forgotten.
            lifetime: min(lifetimes.access, expiresAt - now))
        return IssuedSession(
            access: access, accessText: access.text(signedWith: tokenKey), refresh: refresh, expiresAt: expiresAt,
            mustSetUpSecondFactor: rights.mustSetUp(person.secondFactor))
    }

    /// The database's clock, so that nodes whose clocks differ agree on what came first.
    private static func now(in transaction: borrowing Transaction) async throws -> Timestamp {
        guard let row = try await transaction.query("SELECT now() AS now").first else { throw DomainError.unforeseen }
        return try row["now"]
    }

    private static func deviceInfo(_ person: ProvenPerson) -> String {
        JSONValue.object(
            [
                person.device.map { JSONMember("name", .string($0)) },
                person.origin.userAgent.map { JSONMember("user_agent", .string($0)) },
            ].compactMap(\.self)
        ).description
    }

    // MARK: Going on

    private enum Renewal: Sendable {
        case issued(IssuedSession)
        /// Nil when it is in the log already.
        case refused(Refusal?)
    }

    /// The next pair for a refresh token. A token that was used before means that somebody else has it too: the whole
    /// sign-in ends then. Throws `session_ended` for everything that is no living token, without saying which.
    package func refresh(_ token: Secret<String>, from origin: Origin) async throws -> IssuedSession {
        guard let hash = RefreshToken(given: token)?.hash,
            let (organization, session) = try await SessionStore.organization(of: hash, in: database)
        else {
            refusals.unknown("refresh token", from: origin)
            throw Self.ended
        }
        let outcome = try await database.transaction(organization: organization) { transaction in
            try await renew(session, of: organization, from: origin, in: transaction)
        }
        switch outcome {
        case .issued(let issued): return issued
        case .refused(let refusal):
            if let refusal { try await refusals.record(refusal, home: organization) }
            try await monitor.refresh()
            throw Self.ended
        }
    }

    /// Refusals commit too: what they end stays ended.
    private func renew(
        _ session: UniqueID, of organization: UniqueID, from origin: Origin, in transaction: borrowing Transaction
    ) async throws -> Renewal {
        guard let held = try await SessionStore.lock(session, in: transaction) else { return .refused(nil) }
        let refused = { (reason: RefusalReason) in
            Renewal.refused(
                Refusal(
                    "session.renewal_refused", reason, of: held.user, entity: "session:\(held.family)", from: origin))
        }
        guard !held.isRotated else {
            let isEnded = try await endReused(held, of: organization, from: origin, in: transaction)
            return isEnded ? .refused(nil) : refused(.tokenUsed)
        }
        guard !held.isRevoked else { return refused(.sessionEnded) }
        guard held.expiresAt > held.now else { return refused(.tokenExpired) }
        guard let rights = try await SessionStore.rights(of: held.user, in: transaction) else {
            return refused(.notAMember)
        }
        guard rights.suffices(held.secondFactor) else { return refused(.secondFactorMissing) }
        try await SessionStore.rotate(held.id, in: transaction)
        let person = ProvenPerson(
            user: held.user, organization: organization, secondFactor: rights.standing(held.secondFactor), device: nil,
            origin: origin)
        return .issued(
            try await issue(
                person, rights, family: held.family, deviceInfo: held.deviceInfo, now: held.now,
                expiresAt: held.expiresAt, in: transaction))
    }

    /// Ends the family of a token that was used before; false when it was over already.
    private func endReused(
        _ held: SessionStore.Held, of organization: UniqueID, from origin: Origin, in transaction: borrowing Transaction
    ) async throws -> Bool {
        let ended = try await SessionStore.end(
            family: held.family, of: held.user, why: "a refresh token was used twice", in: transaction)
        guard !ended.isEmpty else { return false }
        try await PersonAuditService.append(
            "session.reuse_detected", outcome: .failure, of: held.user, entity: "session:\(held.family)",
            by: Actor(Caller.person(held.user).name, from: origin), home: organization, in: transaction)
        return true
    }

    // MARK: Looking and ending

    private static func check(_ user: UniqueID, in transaction: borrowing Transaction) async throws {
        guard try await MemberStore.isMember(user, in: transaction) else { throw Self.unknownUser }
    }

    /// A person's signed-in devices in the caller's organization, the newest first. Throws `user_not_found` for who is
    /// no member of it, as `end` does.
    package func list(
        of user: UniqueID, _ page: PageRequest, by principal: Principal
    ) async throws -> [Session] {
        try await database.transaction(organization: principal.organization) { transaction in
            try await Self.check(user, in: transaction)
            return try await SessionStore.list(of: user, page, in: transaction)
        }
    }

    /// Ends one sign-in of a person, or all but `spared`; returns how many went on. Refused on every node within a
    /// second. Throws `session_not_found` when one is named that the person does not have, and `role_too_high` for
    /// those of somebody who may do more than the caller.
    @discardableResult
    package func end(
        _ session: UniqueID? = nil, of user: UniqueID, except spared: UniqueID? = nil, by principal: Principal
    ) async throws -> Int {
        let ended = try await database.transaction(organization: principal.organization) { transaction in
            guard let member = try await MemberStore.find(user, in: transaction) else { throw Self.unknownUser }
            if principal.user != user { try member.checkManaged(by: principal) }
            let ended = try await SessionStore.end(
                family: session, of: user, except: spared, why: "revoked by \(principal.caller.name)", in: transaction)
            for family in ended {
                try await AuditService.append(
                    "session.revoked", category: "auth", entity: "session:\(family)",
                    payload: ["user": .string("user:\(user)")], by: principal.actor, of: principal.organization,
                    in: transaction)
            }
            return ended
        }
        guard session == nil || !ended.isEmpty else {
            throw DomainError(
                .notFound, code: "session_not_found", "There is no such session that goes on; it may have ended.")
        }
        try await monitor.refresh()
        return ended.count
    }

    private static let ended = DomainError(
        .unauthenticated, code: "session_ended", "The session has ended, or the token is none of ours; sign in again.",
        shouldRetry: false)

    private static let unknownUser = DomainError(
        .notFound, code: "user_not_found", "The organization has no member with this id.")

    static let secondFactorRequired = DomainError(
        .unauthenticated, code: "second_factor_required",
        "You have a second factor: send the same again with code, or with recovery_code.", parameter: "code",
        shouldRetry: false)

    private static let notAMember = DomainError(
        .forbidden, code: "not_a_member", "You do not belong to this organization (any more).", shouldRetry: false)
}

extension ProvenPerson {
    /// As the log names them.
    package var actor: Actor { Actor(Caller.person(user).name, from: origin) }
}
