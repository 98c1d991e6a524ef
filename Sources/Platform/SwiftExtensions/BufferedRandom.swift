// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The system's random bytes (getentropy), fetched 256 at a time for each thread: a system call for 32 numbers, not for
/// each. Numbers given out are wiped. For ids, of which a request makes several; keys take theirs one by one.
package struct BufferedRandom: RandomNumberGenerator, Sendable {
    private static let capacity = 32

    package init() {}

    package mutating func next() -> UInt64 {
        let words = Self.words()
        // The first word counts those that are left.
        if words[0] == 0 {
            // Up to 256 bytes come whole and uninterrupted (getentropy(3)).
            precondition(getentropy(words + 1, Self.capacity * 8) == 0, "the system gives no random bytes")
            words[0] = UInt64(Self.capacity)
        }
        let index = Int(words[0])
        words[0] -= 1
        defer { words[index] = 0 }
        return words[index]
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { $0?.deallocate() }
        return key
    }()

    private static func words() -> UnsafeMutablePointer<UInt64> {
        if let known = pthread_getspecific(key) { return known.assumingMemoryBound(to: UInt64.self) }
        let made = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity + 1)
        made.initialize(repeating: 0, count: capacity + 1)
        pthread_setspecific(key, made)
        return made
    }
}
