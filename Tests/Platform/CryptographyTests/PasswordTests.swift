// SPDX-License-Identifier: Apache-2.0
import Foundation
import SwiftExtensions
import Testing

@testable import Cryptography

@Suite("Passwords (Argon2id)")
struct PasswordTests {
    private let cheap = Argon2idCost(memoryKiB: 64, passes: 1, lanes: 1)

    @Test("the tag of RFC 9106 §5.3 comes out")
    func vector() throws {
        let tag = try Argon2id.tag(
            password: [UInt8](repeating: 1, count: 32), salt: [UInt8](repeating: 2, count: 16),
            cost: Argon2idCost(memoryKiB: 32, passes: 3, lanes: 4), secret: [UInt8](repeating: 3, count: 8),
            data: [UInt8](repeating: 4, count: 12))
        #expect(Hex.encode(tag) == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    }

    @Test("a string of the reference implementation's own tests is verified")
    func reference() async throws {
        let hashing = PasswordHashing(cost: cheap)
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        #expect(try await hashing.verify(Secret("password"), against: stored))
        #expect(try await !hashing.verify(Secret("passwore"), against: stored))
        #expect(hashing.needsRehash(stored))
    }

    @Test("a password verifies against its own hash only, at the standard cost")
    func roundTrip() async throws {
        let hashing = PasswordHashing()
        let stored = try await hashing.hash(Secret("corréct horse"))
        #expect(stored.hasPrefix("$argon2id$v=19$m=65536,t=3,p=4$"))
        #expect(try await hashing.verify(Secret("corréct horse"), against: stored))
        #expect(try await !hashing.verify(Secret("correct horse"), against: stored))
        #expect(!hashing.needsRehash(stored))
    }

    @Test("two hashes of one password differ; an empty password is one too")
    func salt() async throws {
        let hashing = PasswordHashing(cost: cheap)
        let first = try await hashing.hash(Secret(""))
        let second = try await hashing.hash(Secret(""))
        #expect(first != second)
        #expect(try await hashing.verify(Secret(""), against: second))
    }

    @Test(
        "strings that are no hash, or would cost too much to check, are refused",
        arguments: [
            "", "$", "password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=4000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=100$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=+256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=256,t=2,p=1$c29$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ])
    func refused(stored: String) async {
        let hashing = PasswordHashing(cost: cheap)
        await #expect(throws: CryptographyError.invalidPasswordHash) {
            try await hashing.verify(Secret("password"), against: stored)
        }
        #expect(hashing.needsRehash(stored))
    }

    @Test("a change of any character of a stored hash never verifies")
    func tampered() async throws {
        let hashing = PasswordHashing(cost: cheap)
        let stored = Array(try await hashing.hash(Secret("password")).utf8)
        for index in stored.indices {
            var changed = stored
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let isRight = try? await hashing.verify(
                Secret("password"), against: String(decoding: changed, as: UTF8.self))
            #expect(isRight != true)
        }
    }

    @Test("past the queue the answer is busy, and everyone else is served")
    func bounded() async {
        let hashing = PasswordHashing(
            cost: Argon2idCost(memoryKiB: 32 * 1024, passes: 2, lanes: 1), threads: 1, queue: 3)
        let outcomes = await withTaskGroup(of: CryptographyError?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do throws(CryptographyError) {
                        _ = try await hashing.hash(Secret("x"))
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: [CryptographyError?]()) { $0.append($1) }
        }
        let served = outcomes.count { $0 == nil }
        #expect(served >= 4 && served < 40)
        #expect(outcomes.allSatisfy { $0 == nil || $0 == .busy })
        // The queue has emptied: there is room again.
        #expect((try? await hashing.hash(Secret("x"))) != nil)
    }

    @Test("work that was taken in is done although its pool is let go")
    func lettingGo() async throws {
        for _ in 0..<50 {
            let stored = try await PasswordHashing(cost: cheap, threads: 3).hash(Secret("x"))
            #expect(PasswordHash(stored) != nil)
        }
    }

    @Test("the threads of the pool stand back behind those that answer")
    func niceness() async throws {
        let hashing = PasswordHashing(cost: cheap, threads: 2)
        _ = try await hashing.hash(Secret("x"))
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
        let niceness = tasks.compactMap { task -> Int? in
            // proc(5): the name stands in parentheses, and the 17th field after it is the nice value.
            let line = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8)
            let fields = line?.split(separator: ")").last?.split(separator: " ")
            return fields.flatMap { $0.count > 16 ? Int($0[16]) : nil }
        }
        #expect(niceness.contains(19) && niceness.contains(0))
    }
}
