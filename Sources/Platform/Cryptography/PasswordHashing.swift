// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Hashes and checks passwords with Argon2id (RFC 9106), each in a fifth of a second and 64 MiB.
///
/// That runs on threads of its own; callers wait without holding theirs. The queue is short: past it the answer is
/// `busy` at once, so that a flood of logins neither fills the memory nor makes people wait for minutes.
package final class PasswordHashing: Sendable {
    /// The cost of new hashes.
    package let cost: Argon2idCost
    private let workers: WorkerThreads

    /// `threads` hashes run at once, `queue` more may wait.
    package init(cost: Argon2idCost = .standard, threads: Int = 2, queue: Int = 32) {
        precondition(cost.isBearable && threads > 0 && queue >= 0, "out of bounds")
        self.cost = cost
        workers = WorkerThreads(threads: threads, bound: queue)
    }

    /// The PHC string of a password, with a new salt of 16 bytes. `busy` and `outOfMemory` can happen.
    package func hash(_ password: Secret<String>) async throws(CryptographyError) -> String {
        let cost = cost
        let salt = Memory.random(16)
        let tag = try await run { () throws(CryptographyError) in
            try Argon2id.tag(password: Array(password.reveal().utf8), salt: salt, cost: cost)
        }
        return PasswordHash(cost: cost, salt: salt, tag: tag).text
    }

    /// Whether `stored` (a PHC string) is of this password; `invalidPasswordHash`, `busy` and `outOfMemory` can happen.
    package func verify(_ password: Secret<String>, against stored: String) async throws(CryptographyError) -> Bool {
        guard let known = PasswordHash(stored) else { throw .invalidPasswordHash }
        let tag = try await run { () throws(CryptographyError) in
            try Argon2id.tag(
                password: Array(password.reveal().utf8), salt: known.salt, cost: known.cost, count: known.tag.count)
        }
        return Memory.constantTimeEquals(tag, known.tag)
    }

    /// 32 bytes of key from a passphrase, always the same for the same salt (8 to 64 bytes) and cost;
    /// `invalidPasswordHash` for a salt or cost out of bounds, `busy` and `outOfMemory`.
    package func key(
        from passphrase: Secret<String>, salt: [UInt8], cost: Argon2idCost
    ) async throws(CryptographyError) -> Secret<[UInt8]> {
        guard (8...64).contains(salt.count), cost.isBearable else { throw .invalidPasswordHash }
        let key = try await run { () throws(CryptographyError) in
            try Argon2id.tag(password: Array(passphrase.reveal().utf8), salt: salt, cost: cost)
        }
        return Secret(key)
    }

    /// Whether `stored` costs other than new hashes do and should be made anew at the next login.
    package func needsRehash(_ stored: String) -> Bool { PasswordHash(stored)?.cost != cost }

    /// A PHC string that no password is known to give, at the cost of new hashes or at another: checking a password
    /// against it takes as long as against a real one.
    package func decoy(cost: Argon2idCost? = nil) -> String {
        PasswordHash(cost: cost ?? self.cost, salt: Memory.random(16), tag: Memory.random(32)).text
    }

    private typealias Work = @Sendable () throws(CryptographyError) -> [UInt8]

    private func run(_ body: @escaping Work) async throws(CryptographyError) -> [UInt8] {
        let outcome = await workers.run { () -> Result<[UInt8], CryptographyError> in
            do throws(CryptographyError) { return .success(try body()) } catch { return .failure(error) }
        }
        guard let outcome else { throw .busy }
        return try outcome.get()
    }
}
