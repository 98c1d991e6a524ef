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
        guard pending.count > SealedStream.frameSize else { return [] }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(pending.count + 64)
        var start = 0
        while pending.count - start > SealedStream.frameSize {
            seal(pending[start..<start + SealedStream.frameSize], isLast: false, into: &sealed)
            start += SealedStream.frameSize
        }
        pending.removeFirst(start)
        return sealed
    }

    /// The last frame. Nothing may be added after it.
    package mutating func finish() -> [UInt8] {
        var sealed: [UInt8] = []
        seal(pending[...], isLast: true, into: &sealed)
        pending = []
        return sealed
    }

    private mutating func seal(_ plaintext: ArraySlice<UInt8>, isLast: Bool, into sealed: inout [UInt8]) {
        let cipher = Cipher(key: key, nonce: SealedStream.nonce(counter, isLast: isLast), seals: true)
        counter += 1
        let start = sealed.count
        sealed += [UInt8](repeating: 0, count: plaintext.count + SealedStream.frameOverhead)
        unsafe sealed.withUnsafeMutableBufferPointer { output in
            guard let body = unsafe output.baseAddress.map({ unsafe $0 + start }) else { return }
            let done =
                unsafe cipher.transform(plaintext, into: body) && cipher.writeTag(to: body + plaintext.count)
            precondition(done, "AES-256-GCM did not seal")
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
        guard pending.count > Self.sealedFrame else { return [] }
        var plaintext: [UInt8] = []
        plaintext.reserveCapacity(pending.count)
        var start = 0
        while pending.count - start > Self.sealedFrame {
            try open(pending[start..<start + Self.sealedFrame], isLast: false, into: &plaintext)
            start += Self.sealedFrame
        }
        pending.removeFirst(start)
        return plaintext
    }

    /// The plaintext of the last frame; `corrupted` when the stream was cut off or goes on with something else.
    package mutating func finish() throws(CryptographyError) -> [UInt8] {
        var plaintext: [UInt8] = []
        try open(pending[...], isLast: true, into: &plaintext)
        pending = []
        // The sealer ends a stream of whole frames with a full one, so this is not its work.
        guard counter == 1 || !plaintext.isEmpty else { throw .corrupted }
        return plaintext
    }

    private mutating func open(
        _ frame: ArraySlice<UInt8>, isLast: Bool, into plaintext: inout [UInt8]
    ) throws(CryptographyError) {
        guard frame.count >= SealedStream.frameOverhead else { throw .corrupted }
        let cipher = Cipher(key: key, nonce: SealedStream.nonce(counter, isLast: isLast), seals: false)
        counter += 1
        let body = frame.dropLast(SealedStream.frameOverhead)
        var tag = Array(frame.suffix(SealedStream.frameOverhead))
        let start = plaintext.count
        plaintext += [UInt8](repeating: 0, count: body.count)
        let isGenuine = unsafe plaintext.withUnsafeMutableBufferPointer { output in
            unsafe cipher.transform(body, into: output.baseAddress.map { unsafe $0 + start }) && cipher.checkTag(&tag)
        }
        guard isGenuine else {
            Memory.wipe(&plaintext)
            throw .corrupted
        }
    }
}
