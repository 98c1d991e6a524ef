// SPDX-License-Identifier: Apache-2.0

/// How far long work is, on standard error when that is a terminal, else nowhere.
package struct ProgressBar {
    private let label: String
    private let total: Int
    private let terminal: Terminal
    private var done = 0
    private var shownAt: ContinuousClock.Instant?
    private static let barColumns = 30

    /// A bar for `total` steps, from 1; shown from the first of them on.
    package init(_ label: String, total: Int, terminal: Terminal) {
        self.label = TextWidth.cut(TextWidth.printable(label), to: 30)
        self.total = max(1, total)
        self.terminal = terminal
    }

    /// Counts finished steps; redraws at most ten times a second, and at the last step.
    package mutating func advance(by steps: Int = 1) {
        done = min(total, done + steps)
        let now = ContinuousClock.now
        if let shownAt, done < total, now - shownAt < .milliseconds(100) { return }
        shownAt = now
        draw()
    }

    /// Leaves the line, finished or not. Call once, also when the work failed.
    package mutating func finish() {
        if terminal.isErrorInteractive, shownAt != nil { terminal.writeError("\n") }
        shownAt = nil
    }

    private func draw() {
        guard terminal.isErrorInteractive else { return }
        let filled = done * Self.barColumns / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barColumns - filled)
        // Back to the first column, and what is left of the old line erased.
        terminal.writeError("\r\(label) \(bar) \(done * 100 / total) % (\(done)/\(total))\u{1B}[K")
    }
}
