// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Requests of nobody known that were refused with one code, for the program's log.
package struct RefusedStrangers: Sendable, Equatable {
    /// The error's, or `others` for what found no place.
    package let code: String
    /// How many, since the last time that this was said.
    package let count: Int
    /// What the last of them asked for.
    package let endpoint: String
    /// Where the last of them came from.
    package let address: String
}

/// Writes down who was refused: a known key or person into their organization's log (`request.refused`), the others
/// into the program's. At most once a minute for each caller and code on this node, with their number.
///
/// Requests only leave a note, in memory of a fixed size; writing is done later. A crash loses a minute of that.
package final class RefusedRequestWorker: Sendable {
    private let database: Database
    private let monitor: IdentityMonitor
    private let onStrangers: @Sendable (RefusedStrangers) -> Void
    private let book = Locked(RefusalBook())

    /// `onStrangers` is told of those of whom nothing is known, at most once a minute for each code.
    package init(
        database: Database, monitor: IdentityMonitor, onStrangers: @escaping @Sendable (RefusedStrangers) -> Void
    ) {
        self.database = database
        self.monitor = monitor
        self.onStrangers = onStrangers
    }

    /// Leaves a note; never waits.
    package func note(_ request: RefusedRequest) {
        let caller: RefusedCaller =
            if let known = request.principal {
                .known(KnownCaller(organization: known.organization, caller: known.caller, person: known.user))
            } else if let credential = request.credential {
                monitor.refused(credential.reveal())
            } else {
                .unknown
            }
        book.withLock { $0.note(request, of: caller) }
    }

    /// Looks up the keys that are not known from memory, and writes what is due. What fails is tried again.
    package func write(now: Timestamp = .now()) async throws {
        var failure: (any Error)?
        for (hash, request) in book.withLock({ $0.takeLookups() }) {
            do {
                let caller = try await APIKeyStore.holder(of: hash, in: database)
                book.withLock { $0.settle(hash, request, caller) }
            } catch {
                failure = error
                book.withLock { $0.note(request, of: .unknown) }
            }
        }
        for line in book.withLock({ $0.takeDue(at: now) }) {
            do {
                try await write(line)
            } catch {
                failure = error
                book.withLock { $0.putBack(line) }
            }
        }
        if let failure { throw failure }
    }

    private func write(_ line: RefusalBook.Line) async throws {
        guard let known = line.caller else {
            return onStrangers(
                RefusedStrangers(
                    code: line.code, count: line.count, endpoint: line.endpoint, address: line.origin.address))
        }
        let name = known.caller.name
        try await database.transaction(organization: known.organization) { transaction in
            try await AuditService.append(
                "request.refused", category: "auth", outcome: .failure, entity: name,
                payload: [
                    "code": .string(line.code), "count": .number(JSONNumber(Int64(line.count))),
                    "endpoint": .string(line.endpoint),
                ], by: Actor(name, person: known.person, from: line.origin), of: known.organization, in: transaction)
        }
    }
}
