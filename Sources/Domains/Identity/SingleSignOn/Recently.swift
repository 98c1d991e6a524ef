// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// What was noted a moment ago, by name; forgets everything when there are too many names.
final class Recently: Sendable {
    private let maximum: Int
    private let times = Locked<[String: ContinuousClock.Instant]>([:])

    init(maximum: Int) { self.maximum = maximum }

    func note(_ name: String) {
        times.withLock { times in
            if times.count >= maximum { times = [:] }
            times[name] = .now
        }
    }

    func has(_ name: String, within period: Duration) -> Bool {
        times.withLock { $0[name] }.map { ContinuousClock.now - $0 < period } ?? false
    }
}
