// SPDX-License-Identifier: Apache-2.0
package import Cryptography

/// The chain over an organization's entries: each link is SHA-256(previous link ‖ entry digest), so that changing,
/// leaving out or exchanging one entry changes every link after it.
package enum HashChain {
    /// The link before the first entry.
    package static let origin = SHA256.hash(Array("witan.audit.chain.1".utf8))

    /// The link after `digests`, starting from `previous`.
    package static func fold(_ digests: some Sequence<Digest>, after previous: Digest) -> Digest {
        var link = previous
        for digest in digests { link = SHA256.hash(link.bytes + digest.bytes) }
        return link
    }
}
