// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A running server, ours or adopted, known by its process id and by the directory it works in.
struct RunningServer: Sendable, Equatable {
    let processID: pid_t
    /// The server's working directory: by it a recycled process id is told from the real one.
    let directory: String

    /// Whether it still runs. A child that has ended is reaped here.
    var isAlive: Bool {
        let result = waitpid(processID, nil, WNOHANG)
        if result == processID { return false }
        return result == 0 || worksInDirectory
    }

    /// False for the dead, for zombies, and for a process of somebody else that got the same id.
    var worksInDirectory: Bool {
        var place = stat()
        guard stat("/proc/\(processID)/cwd", &place) == 0, let expected = FileSystem.status(directory) else {
            return false
        }
        return place.st_ino == expected.st_ino && place.st_dev == expected.st_dev
    }

    /// Sends a signal; true when the process was there.
    @discardableResult
    func send(_ signal: Int32) -> Bool { kill(processID, signal) == 0 }

    /// Waits for its end.
    ///
    /// - Returns: Whether it ended in time.
    func waitForEnd(atMost limit: Duration) -> Bool {
        Poll.wait(atMost: limit) { isAlive ? nil : true } ?? false
    }
}

/// Asks again and again, every 5 ms. This module blocks the thread it is called on, which is never a loop's.
enum Poll {
    /// - Returns: The first answer that is not nil; nil after `limit`.
    static func wait<Answer, Failure: Error>(
        atMost limit: Duration, _ ask: () throws(Failure) -> Answer?
    ) throws(Failure) -> Answer? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let answer = try ask() { return answer }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(5000)
        }
    }
}
