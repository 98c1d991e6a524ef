// SPDX-License-Identifier: Apache-2.0

/// Waits that double up to a bound, each with full jitter ("Exponential Backoff And Jitter", AWS, 2015).
package struct Backoff: Sendable {
    /// The first wait, at most.
    package let first: Duration
    /// The bound of all waits.
    package let longest: Duration
    private var next: Duration

    /// Waits from `first`, doubling to `longest`.
    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        next = first
    }

    /// The wait before the next try: at random between half of the current step and the whole of it.
    package mutating func wait() -> Duration {
        let step = next
        next = min(step * 2, longest)
        return step * Double.random(in: 0.5...1)
    }

    /// Call after a success.
    package mutating func reset() { next = first }
}
