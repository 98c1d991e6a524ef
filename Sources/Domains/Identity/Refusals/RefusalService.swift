// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Writes down who was refused: of an account, or something that belongs to one, in the log of every organization of
/// the person, since any of them may be the target; of nobody, by the way of `observe`.
///
/// What the lockout bounds is written each time. Of all else there is one entry a minute on a node for each account,
/// reason and network, with the number of refusals since the one before (`refusals`); see `RefusalThrottle`.
package final class RefusalService: Sendable {
    private struct Known {
        let refusal: Refusal
        let home: UniqueID?
    }

    private let database: Database
    private let observe: @Sendable (UnknownRefusal) -> Void
    private let known = Locked(RefusalThrottle<Known>())
    private let unknown = Locked(RefusalThrottle<UnknownRefusal>())

    /// `observe` hears of refusals of nobody, at most once a minute for a kind and a network.
    package init(database: Database, observe: @escaping @Sendable (UnknownRefusal) -> Void) {
        self.database = database
        self.observe = observe
    }

    /// Writes a refusal down; `home` is an organization that it concerns beside those that the person belongs to.
    package func record(_ refusal: Refusal, home: UniqueID? = nil, now: Timestamp = .now()) async throws {
        guard let count = admit(Known(refusal: refusal, home: home), now) else { return }
        try await write(refusal, home: home, count: count)
    }

    /// Writes down those that were held back when their minute is over. What cannot be written then is lost, and thrown
    /// at the end: the first of them is in the log.
    package func writeHeldBack(now: Timestamp = .now()) async throws {
        for (refusal, count) in unknown.withLock({ $0.takeHeldBack(at: now) }) { observe(refusal.times(count)) }
        var failure: (any Error)?
        for (held, count) in known.withLock({ $0.takeHeldBack(at: now) }) {
            do {
                try await write(held.refusal, home: held.home, count: count)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func write(_ refusal: Refusal, home: UniqueID?, count: Int) async throws {
        var first = home
        if first == nil { first = try await AccountStore.organizations(of: refusal.user, in: database).first }
        guard let first else { return }
        let count64 = JSONNumber(Int64(count))
        try await database.transaction(organization: first) { transaction in
            try await PersonAuditService.append(
                refusal.action, outcome: .failure, of: refusal.user, entity: refusal.entity,
                payload: ["reason": .string(refusal.reason.rawValue), "refusals": .number(count64)],
                by: refusal.actor, home: first, in: transaction)
        }
    }

    private func admit(_ known: Known, _ now: Timestamp) -> Int? {
        let refusal = known.refusal
        guard !refusal.reason.isCounted else { return 1 }
        let network = refusal.actor.origin.map(AccountAttempt.network) ?? ""
        return self.known.withLock {
            $0.admit(known, [refusal.action, refusal.entity, refusal.reason.rawValue, network], at: now)
        }
    }

    /// Tells of something that is nobody's; `gave` says what it was, not what it said.
    package func unknown(_ gave: String, from origin: Origin, now: Timestamp = .now()) {
        let network = AccountAttempt.network(of: origin)
        let one = UnknownRefusal(gave: gave, network: network, count: 1)
        guard let count = unknown.withLock({ $0.admit(one, [gave, network], at: now) }) else { return }
        observe(one.times(count))
    }

    /// Runs what asks who is signed in for a proof, and writes down when it was refused for that.
    func watching<Value>(
        _ action: String, _ principal: Principal, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as DomainError {
            if let reason = RefusalReason(error) {
                let refusal = Refusal(
                    action, reason, of: try principal.person(), from: principal.origin, by: principal.actor)
                try await record(refusal, home: principal.organization)
            }
            throw error
        }
    }
}
