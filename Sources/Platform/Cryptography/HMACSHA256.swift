// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// HMAC with SHA-256 (RFC 2104, RFC 4231): a digest only holders of the key can make.
package struct HMACSHA256: Sendable {
    private let inner: Secret<[UInt8]>
    private let outer: Secret<[UInt8]>

    /// A key of any length; at least 32 bytes are wise.
    package init(key: Secret<[UInt8]>) {
        var block = key.reveal()
        if block.count > 64 { block = SHA256.hash(block).bytes }
        block += [UInt8](repeating: 0, count: 64 - block.count)
        inner = Secret(block.map { $0 ^ 0x36 })
        outer = Secret(block.map { $0 ^ 0x5C })
        Memory.wipe(&block)
    }

    /// The code of a message. Compare codes with `==`, which takes constant time.
    package func code(for message: some Collection<UInt8>) -> Digest {
        SHA256.hash(outer.reveal(), SHA256.hash(inner.reveal(), message).bytes)
    }
}
