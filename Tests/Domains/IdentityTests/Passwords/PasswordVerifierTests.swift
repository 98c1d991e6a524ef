// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Identity
import SwiftExtensions
import Testing

@Suite("Checking passwords")
struct PasswordVerifierTests {
    private let hashing = PasswordHashing(cost: Argon2idCost(memoryKiB: 64, passes: 1, lanes: 1))

    @Test("a password matches its own hash however it is typed, and no other")
    func roundTrip() async throws {
        let verifier = PasswordVerifier(hashing: hashing)
        let stored = try await verifier.hash(try Password(Secret("drei B\u{E4}ume im Wald")))
        let decomposed = try await verifier.verify(Secret("drei Ba\u{308}ume im Wald"), against: stored)
        #expect(decomposed.matches && decomposed.newHash == nil)
        #expect(try await !verifier.verify(Secret("drei Baume im Wald"), against: stored).matches)
        #expect(try await !verifier.verify(Secret(""), against: stored).matches)
    }

    @Test("for somebody unknown a hash of the same cost is checked, and nothing matches")
    func unknown() async throws {
        let verifier = PasswordVerifier(hashing: hashing)
        let outcome = try await verifier.verify(Secret("drei Baume im Wald"), against: nil)
        #expect(!outcome.matches && outcome.newHash == nil)
        #expect(!hashing.needsRehash(hashing.decoy()))
        #expect(hashing.decoy() != hashing.decoy())
    }

    @Test("after a change of cost the right password brings a new hash, a wrong one does not")
    func rehash() async throws {
        let stored = try await PasswordVerifier(hashing: hashing).hash(try Password(Secret("drei Baume im Wald")))
        let now = PasswordVerifier(
            hashing: PasswordHashing(cost: Argon2idCost(memoryKiB: 128, passes: 1, lanes: 1)))
        let outcome = try await now.verify(Secret("drei Baume im Wald"), against: stored)
        let newHash = try #require(outcome.newHash)
        #expect(outcome.matches && newHash.contains("m=128,"))
        #expect(try await now.verify(Secret("drei Baume im Wald"), against: newHash) == (true, nil))
        #expect(try await now.verify(Secret("drei Baume im Wind"), against: stored).newHash == nil)
    }

    @Test("a megabyte is refused before it is hashed, also for somebody unknown")
    func megabyte() async throws {
        let verifier = PasswordVerifier(hashing: hashing)
        let long = Secret(String(repeating: "x", count: 1 << 20))
        for stored in [nil, try await hashing.hash(Secret("x"))] {
            let error = await #expect(throws: DomainError.self) { try await verifier.verify(long, against: stored) }
            #expect(error?.code == "invalid_password")
        }
    }

    @Test("past the queue the answer is 503 with a time to come back, and never a refusal of the password")
    func queue() async throws {
        let slow = PasswordVerifier(
            hashing: PasswordHashing(
                cost: Argon2idCost(memoryKiB: 32 * 1024, passes: 2, lanes: 1), threads: 1, queue: 1))
        let errors = await withTaskGroup(of: DomainError?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do throws(DomainError) {
                        _ = try await slow.verify(Secret("x"), against: nil)
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
        }
        #expect(!errors.isEmpty && errors.count < 20)
        for error in errors {
            #expect(error.code == "password_queue_full" && error.status == 503 && error.retryAfter != nil)
        }
    }

    @Test("a stored text that is no hash is our failure, not a wrong password")
    func damaged() async {
        let error = await #expect(throws: DomainError.self) {
            try await PasswordVerifier(hashing: hashing).verify(Secret("x"), against: "$argon2id$nonsense")
        }
        #expect(error?.status == 500)
    }
}
