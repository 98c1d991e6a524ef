// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Cryptography

@Suite struct SealedStreamTests {
    private let key = Secret([UInt8](0..<32))
    private static let frame = SealedStream.frameSize
    private static let sealedFrame = SealedStream.frameSize + SealedStream.frameOverhead

    private func plaintext(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7 ^ $0) } }

    private func seal(_ plaintext: [UInt8], pieces: Int = 100_000) throws -> [UInt8] {
        var sealer = try StreamSealer(key: key)
        var sealed: [UInt8] = []
        for start in stride(from: 0, to: plaintext.count, by: pieces) {
            sealed += sealer.add(Array(plaintext[start..<min(plaintext.count, start + pieces)]))
        }
        return sealed + sealer.finish()
    }

    private func open(_ sealed: [UInt8], pieces: Int = 300_000, key: Secret<[UInt8]>? = nil) throws -> [UInt8] {
        var opener = try StreamOpener(key: key ?? self.key)
        var plaintext: [UInt8] = []
        for start in stride(from: 0, to: sealed.count, by: pieces) {
            plaintext += try opener.add(Array(sealed[start..<min(sealed.count, start + pieces)]))
        }
        return try plaintext + opener.finish()
    }

    @Test(
        "what was sealed opens again, whatever its length and however it is cut",
        arguments: [
            0, 1, frame - 1, frame, frame + 1, 2 * frame, 2 * frame + 5,
        ])
    func roundTrip(_ count: Int) throws {
        let message = plaintext(count)
        let sealed = try seal(message)
        #expect(Int64(sealed.count) == SealedStream.sealedCount(of: Int64(count)))
        #expect(try seal(message, pieces: 7_777) == sealed)
        #expect(try open(sealed) == message)
        #expect(try open(sealed, pieces: 1_000_000) == message)
    }

    @Test("the first frame is AES-256-GCM under the nonce of the format")
    func format() throws {
        let sealed = try seal(plaintext(10))
        let nonce = [UInt8](repeating: 0, count: 11) + [1]
        #expect(try AES256GCM(key: key).open(nonce + sealed) == plaintext(10))
    }

    @Test("a stream that was cut off, even between frames, does not open")
    func truncated() throws {
        let sealed = try seal(plaintext(2 * Self.frame + 5))
        for count in [0, 10, 16, Self.sealedFrame, 2 * Self.sealedFrame, sealed.count - 1] {
            #expect(throws: CryptographyError.corrupted) { try open(Array(sealed.prefix(count))) }
        }
    }

    @Test("exchanged, repeated, left out, added and changed frames do not open")
    func tampered() throws {
        let sealed = try seal(plaintext(3 * Self.frame + 5))
        let frames = (0..<3).map { Array(sealed[$0 * Self.sealedFrame..<($0 + 1) * Self.sealedFrame]) }
        let last = Array(sealed[(3 * Self.sealedFrame)...])
        var changed = sealed
        changed[Self.sealedFrame + 100] ^= 1
        let wrong = [
            frames[1] + frames[0] + frames[2] + last, frames[0] + frames[0] + frames[1] + frames[2] + last,
            frames[0] + frames[2] + last, sealed + last, sealed + [0], changed,
        ]
        for stream in wrong { #expect(throws: CryptographyError.corrupted) { try open(stream) } }
    }

    @Test("another key does not open it, and a key of another size is refused")
    func keys() throws {
        let sealed = try seal(plaintext(100))
        #expect(throws: CryptographyError.corrupted) {
            try open(sealed, key: Secret([UInt8](repeating: 9, count: 32)))
        }
        #expect(throws: CryptographyError.self) { try StreamSealer(key: Secret([1, 2, 3])) }
        #expect(throws: CryptographyError.self) { try StreamOpener(key: Secret([1, 2, 3])) }
    }

    @Test("a passphrase gives the same key for the same salt and cost, and another for others")
    func passphrase() async throws {
        let hashing = PasswordHashing()
        let cost = Argon2idCost(memoryKiB: 64, passes: 1, lanes: 1)
        let salt = [UInt8](repeating: 1, count: 16)
        let key = try await hashing.key(from: Secret("correct horse"), salt: salt, cost: cost).reveal()
        #expect(key.count == 32)
        #expect(try await hashing.key(from: Secret("correct horse"), salt: salt, cost: cost).reveal() == key)
        #expect(try await hashing.key(from: Secret("correct hors"), salt: salt, cost: cost).reveal() != key)
        let other = [UInt8](repeating: 2, count: 16)
        #expect(try await hashing.key(from: Secret("correct horse"), salt: other, cost: cost).reveal() != key)
        await #expect(throws: CryptographyError.invalidPasswordHash) {
            try await hashing.key(from: Secret("x"), salt: [1], cost: cost)
        }
    }
}
