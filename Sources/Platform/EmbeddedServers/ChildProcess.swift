// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A program to run: as the servers' user, with nothing of this program's but what is given here.
struct Command {
    let program: String
    let arguments: [String]
    let account: Account

    static let setpriv = "/usr/bin/setpriv"

    /// The argument vector; through `setpriv` when the user is another one, which leaves no groups and no capabilities.
    private var vector: [String] {
        guard account.isOther else { return [program] + arguments }
        return [
            Self.setpriv, "--reuid=\(account.userID)", "--regid=\(account.groupID)", "--clear-groups",
            "--inh-caps=-all", "--no-new-privs", "--", program,
        ] + arguments
    }

    /// The system's folders of programs.
    static let searchPath = "/usr/local/bin:/usr/bin:/bin"
    /// Few and fixed, so that a server does not depend on who started it.
    private static let environment = ["PATH=\(searchPath)", "LC_ALL=C.UTF-8"]

    /// Starts it in a process group of its own (a Ctrl-C at the terminal is for this program alone), with no signal
    /// blocked or ignored, with no open file but standard input and, for both outputs, the end of `log`; standard
    /// output goes to `output` where that is given.
    ///
    /// - Returns: The process id.
    /// - Throws: `launchFailed`, `programMissing`.
    func launch(log: String, input: Int32? = nil, output: Int32? = nil) throws(EmbeddedServerError) -> pid_t {
        let vector = vector
        if account.isOther, access(Self.setpriv, X_OK) != 0 {
            throw .programMissing(path: Self.setpriv, package: "util-linux")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
        for descriptor in Self.inheritable() { posix_spawn_file_actions_addclose(&actions, descriptor) }
        return try spawn(vector, &actions)
    }

    private func spawn(
        _ vector: [String], _ actions: inout posix_spawn_file_actions_t
    ) throws(EmbeddedServerError) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var processID: pid_t = 0
        let failure = Self.withCStrings(vector) { arguments in
            Self.withCStrings(Self.environment) { environment in
                posix_spawn(&processID, vector[0], &actions, &attributes, arguments, environment)
            }
        }
        guard failure == 0 else {
            throw .launchFailed(program: program, reason: FileSystem.Failure(code: failure).reason)
        }
        return processID
    }

    /// Open files that would survive `exec`. Ours do not, but a library's might, and a socket that lives on in the
    /// database would keep its port busy.
    private static func inheritable() -> [Int32] {
        (fileNames(in: "/proc/self/fd") ?? []).compactMap { Int32($0) }.filter { descriptor in
            let flags = fcntl(descriptor, F_GETFD)
            return descriptor > 2 && flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }

    /// Runs it to its end.
    ///
    /// - Parameter input: What it reads on standard input, at most what a pipe holds (64 KB).
    /// - Throws: `failed` with the end of its output; `launchFailed`, `programMissing`.
    func run(log: String, input: String = "") throws(EmbeddedServerError) {
        let before = Int(FileSystem.status(log)?.st_size ?? 0)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw .launchFailed(program: program, reason: FileSystem.Failure.last.reason)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let bytes = Array(input.utf8)
        precondition(bytes.count < 65536, "more than a pipe holds")
        _ = write(ends[1], bytes, bytes.count)
        close(ends[1])
        defer { close(ends[0]) }
        let processID = try launch(log: log, input: ends[0])
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw .failed(program: program, output: Self.tail(of: log, from: before)) }
    }

    /// At most the last 2 KB written to `log` after `offset`.
    static func tail(of log: String, from offset: Int) -> String {
        let size = Int(FileSystem.status(log)?.st_size ?? 0)
        let text = FileSystem.read(log, from: max(offset, size - 2048), limit: 2048) ?? ""
        return text.split(separator: "\n").joined(separator: "\n")
    }
}
