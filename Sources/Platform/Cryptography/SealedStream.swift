// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// The form of a sealed stream: frames of AES-256-GCM, chained by their nonces (STREAM; Hoang, Reyhanitabar, Rogaway
/// and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015; as in the age format).
///
/// Each frame is up to 256 KiB of plaintext, ciphertext of that length and 16 bytes of tag. Its nonce is an 11-byte
/// counter from 0 and one byte that is 1 on the last frame only, so that frames cannot be left out, repeated,
/// exchanged or cut off unnoticed. Every frame but the last is full; the last is empty only in an empty stream.
/// A key seals one stream, never two.
package enum SealedStream {
    /// Bytes of plaintext in a full frame.
    package static let frameSize = 256 << 10
    /// Bytes that a frame grows by.
    package static let frameOverhead = 16

    /// The bytes of a whole sealed stream of `count` bytes of plaintext.
    package static func sealedCount(of count: Int64) -> Int64 {
        let size = Int64(frameSize)
        return count + max(1, (count + size - 1) / size) * Int64(frameOverhead)
    }

    fileprivate static func nonce(_ counter: UInt64, isLast: Bool) -> [UInt8] {
        var nonce = [UInt8](repeating: 0, count: 12)
        for index in 0..<8 { nonce[10 - index] = UInt8(truncatingIfNeeded: counter >> (8 * index)) }
        nonce[11] = isLast ? 1 : 0
        return nonce
    }
}

/// Seals a stream in memory of two frames.
package struct StreamSealer: Sendable {
    private let key: Secret<[UInt8]>
    private var counter: UInt64 = 0
    private var pending: [UInt8] = []

    /// A key of 32 bytes that was never used before, or `wrongSize`.
    package init(key: Secret<[UInt8]>) throws(CryptographyError) {
        let count = key.reveal().count
        guard count == 32 else { throw .wrongSize(of: "AES-256 key", expected: 32, found: count) }
        self.key = key
    }

    /// Takes more plaintext, and gives the frames that are full.
    package mutating func add(_ plaintext: [UInt8]) -> [UInt8] {
        pending.append(contentsOf: plaintext)
        let full = max(0, pending.count - 1) / SealedStream.frameSize
        guard full > 0 else { return [] }
        let used = full * SealedStream.frameSize
        let sealed = seal(pending[..<used], frames: full, isLast: false)
        pending.removeFirst(used)
        return sealed
    }

    /// The last frame. Nothing may be added after it.
    package mutating func finish() -> [UInt8] {
        let sealed = seal(pending[...], frames: 1, isLast: true)
        pending = []
        return sealed
    }

    private mutating func seal(_ plaintext: ArraySlice<UInt8>, frames: Int, isLast: Bool) -> [UInt8] {
        let (key, first) = (key, counter)
        counter += UInt64(frames)
        let size = plaintext.count + frames * SealedStream.frameOverhead
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
            count = size
            guard var position = output.baseAddress else { return }
            for frame in 0..<frames {
                let start = frame * SealedStream.frameSize
                let part = plaintext[start..<min(plaintext.count, start + SealedStream.frameSize)]
                let nonce = SealedStream.nonce(first + UInt64(frame), isLast: isLast)
                let cipher = Cipher(key: key, nonce: nonce, seals: true)
                let done =
                    unsafe cipher.transform(part, into: position) && cipher.writeTag(to: position + part.count)
                precondition(done, "AES-256-GCM did not seal")
                unsafe position += part.count + SealedStream.frameOverhead
            }
        }
    }
}

/// Opens what a `StreamSealer` sealed. No byte is given out before its frame is known to be genuine; that the stream is
/// whole is known when `finish` returns.
package struct StreamOpener: Sendable {
    private static let sealedFrame = SealedStream.frameSize + SealedStream.frameOverhead
    private let key: Secret<[UInt8]>
    private var counter: UInt64 = 0
    private var pending: [UInt8] = []

    /// The key it was sealed with, 32 bytes, or `wrongSize`.
    package init(key: Secret<[UInt8]>) throws(CryptographyError) {
        let count = key.reveal().count
        guard count == 32 else { throw .wrongSize(of: "AES-256 key", expected: 32, found: count) }
        self.key = key
    }

    /// Takes more of the sealed stream, and gives the plaintext of whole frames; `corrupted`.
    package mutating func add(_ sealed: [UInt8]) throws(CryptographyError) -> [UInt8] {
        pending.append(contentsOf: sealed)
        let full = max(0, pending.count - 1) / Self.sealedFrame
        guard full > 0 else { return [] }
        let plaintext = try open(pending[..<(full * Self.sealedFrame)], frames: full, isLast: false)
        pending.removeFirst(full * Self.sealedFrame)
        return plaintext
    }

    /// The plaintext of the last frame; `corrupted` when the stream was cut off or goes on with something else.
    package mutating func finish() throws(CryptographyError) -> [UInt8] {
        guard pending.count >= SealedStream.frameOverhead else { throw .corrupted }
        let plaintext = try open(pending[...], frames: 1, isLast: true)
        pending = []
        // The sealer ends a stream of whole frames with a full one, so this is not its work.
        guard counter == 1 || !plaintext.isEmpty else { throw .corrupted }
        return plaintext
    }

    private mutating func open(
        _ sealed: ArraySlice<UInt8>, frames: Int, isLast: Bool
    ) throws(CryptographyError) -> [UInt8] {
        let (key, first) = (key, counter)
        counter += UInt64(frames)
        let size = sealed.count - frames * SealedStream.frameOverhead
        var isGenuine = true
        var plaintext = unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
            count = size
            var position = output.baseAddress
            for frame in 0..<frames {
                let start = frame * Self.sealedFrame
                let part = sealed[start..<min(sealed.count, start + Self.sealedFrame)]
                let body = part.dropLast(SealedStream.frameOverhead)
                var tag = Array(part.suffix(SealedStream.frameOverhead))
                let nonce = SealedStream.nonce(first + UInt64(frame), isLast: isLast)
                let cipher = Cipher(key: key, nonce: nonce, seals: false)
                let opened = unsafe cipher.transform(body, into: position) && cipher.checkTag(&tag)
                isGenuine = opened && isGenuine
                unsafe position = unsafe position.map { unsafe $0 + body.count }
            }
        }
        guard isGenuine else {
            Memory.wipe(&plaintext)
            throw .corrupted
        }
        return plaintext
    }
}
