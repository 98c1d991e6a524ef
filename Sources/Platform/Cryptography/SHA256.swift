// SPDX-License-Identifier: Apache-2.0
import COpenSSL
import Glibc

/// SHA-256 (FIPS 180-4), of a message in one piece or in many.
///
/// The algorithm is fetched once for the process and each thread keeps one context: half the cost of a short hash.
/// A value is one running hash; it cannot be copied, and ends with `finish()`.
@safe package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// A hash of nothing yet.
    package init() {
        unsafe context = Self.makeContext()
        unsafe Self.begin(context)
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: some Collection<UInt8>) { unsafe Self.add(bytes, to: context) }

    /// The digest of all that was added.
    package consuming func finish() -> Digest { unsafe Self.end(context) }

    /// The digest of one message.
    package static func hash(_ bytes: some Collection<UInt8>) -> Digest {
        let context = unsafe threadContext()
        unsafe begin(context)
        unsafe add(bytes, to: context)
        return unsafe end(context)
    }

    /// The digest of two messages, one behind the other: a link of a chain, without joining them first.
    package static func hash(_ first: some Collection<UInt8>, _ second: some Collection<UInt8>) -> Digest {
        let context = unsafe threadContext()
        unsafe begin(context)
        unsafe add(first, to: context)
        unsafe add(second, to: context)
        return unsafe end(context)
    }

    // MARK: The library

    @safe private struct Algorithm: @unchecked Sendable {
        // @unchecked: an EVP_MD is immutable and lives as long as the process.
        let pointer: OpaquePointer
    }

    private static let algorithm: Algorithm = {
        guard let pointer = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
            preconditionFailure("this OpenSSL has no SHA-256")
        }
        return unsafe Algorithm(pointer: pointer)
    }()

    private static let threadKey: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key) { context in
            if let context = unsafe context { unsafe EVP_MD_CTX_free(OpaquePointer(context)) }
        }
        return key
    }()

    private static func makeContext() -> OpaquePointer {
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory for a hash") }
        return unsafe context
    }

    private static func threadContext() -> OpaquePointer {
        if let known = unsafe pthread_getspecific(threadKey) { return OpaquePointer(known) }
        let context = unsafe makeContext()
        unsafe pthread_setspecific(threadKey, UnsafeRawPointer(context))
        return unsafe context
    }

    private static func begin(_ context: OpaquePointer) {
        let done = unsafe EVP_DigestInit_ex2(context, algorithm.pointer, nil)
        precondition(done == 1, "SHA-256 did not begin")
    }

    private static func add(_ bytes: some Collection<UInt8>, to context: OpaquePointer) {
        let direct: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            let done = unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
            precondition(done == 1, "SHA-256 did not go on")
        }
        if direct == nil { unsafe add(Array(bytes), to: context) }
    }

    private static func end(_ context: OpaquePointer) -> Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let done = unsafe withUnsafeMutableBytes(of: &words) { buffer in
            unsafe EVP_DigestFinal_ex(context, buffer.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
        }
        precondition(done == 1, "SHA-256 did not end")
        return Digest(words: (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian))
    }
}
