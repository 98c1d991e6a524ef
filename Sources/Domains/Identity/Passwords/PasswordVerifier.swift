// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import SwiftExtensions

/// Hashes new passwords and checks those of sign-ins, off the event loops and never more at once than the pool allows.
package struct PasswordVerifier: Sendable {
    private let hashing: PasswordHashing
    /// What nobody's password has: checked in place of the hash that is not there, it takes as long.
    private let decoy: String

    package init(hashing: PasswordHashing) {
        self.hashing = hashing
        decoy = hashing.decoy()
    }

    /// What new hashes cost.
    var cost: Argon2idCost { hashing.cost }

    /// The text to store for a new password. Throws `password_queue_full` (503) when too many are waiting.
    package func hash(_ password: Password) async throws(DomainError) -> String {
        do throws(CryptographyError) {
            return try await hashing.hash(password.text)
        } catch {
            throw Self.failure(error)
        }
    }

    /// Whether a password is the one of `stored`; nil is of somebody unknown or without a password, never matches, and
    /// takes as long as a hash of `cost`, else of a new one's.
    ///
    /// `newHash` is what to store instead when the password matches and its hash has another cost than new ones.
    /// Throws `invalid_password` (400) for more bytes than a password can have and `password_queue_full` (503).
    package func verify(
        _ text: Secret<String>, against stored: String?, orAtCost cost: Argon2idCost? = nil
    ) async throws(DomainError) -> (matches: Bool, newHash: String?) {
        let normal = try Password.normalized(text)
        do throws(CryptographyError) {
            let matches = try await hashing.verify(
                normal, against: stored ?? cost.map { hashing.decoy(cost: $0) } ?? decoy)
            guard let stored, matches else { return (false, nil) }
            guard hashing.needsRehash(stored) else { return (true, nil) }
            // Who is in is not sent away because the queue is full; the next sign-in makes the new hash.
            return (true, try? await hashing.hash(normal))
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: CryptographyError) -> DomainError {
        switch error {
        case .busy:
            DomainError(
                .unavailable, code: "password_queue_full",
                "Too many passwords are being checked at once; retry in a few seconds.", retryAfter: .seconds(3))
        case .outOfMemory:
            DomainError(
                .unavailable, code: "out_of_memory", "There was no memory to check a password; retry in a moment.",
                retryAfter: .seconds(5))
        default: .unforeseen
        }
    }
}
