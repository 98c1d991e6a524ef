// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// The process of a private Redis: started or adopted, stopped.
final class RedisServer: SupervisedServer {
    let kind = EmbeddedServer.redis
    let socketPath: String
    private let program: String
    private let directory: DataDirectory
    private let settings: PrivateRedis.Settings
    private let account: Account
    private let observe: @Sendable (EmbeddedServerEvent) -> Void
    private let state = Locked<RunningServer?>(nil)

    /// Loading an append-only file of `memoryMegabytes` is a matter of seconds.
    private static let startTimeout: Duration = .seconds(60)

    var running: RunningServer? { state.withLock { $0 } }
    private var dataPath: String { directory.path + "/redis" }
    private var pidPath: String { dataPath + "/redis.pid" }
    private var log: String { directory.path + "/redis.log" }

    init(
        _ directory: DataDirectory, _ settings: PrivateRedis.Settings, program: String,
        observe: @escaping @Sendable (EmbeddedServerEvent) -> Void
    ) throws(EmbeddedServerError) {
        self.directory = directory
        self.settings = settings
        self.program = program
        self.observe = observe
        account = try Account.forServers(insteadOfRoot: settings.userInsteadOfRoot)
        try directory.admit(account)
        socketPath = try SocketDirectory.make(for: directory, account: account) + "/redis.sock"
    }

    func restart() throws(EmbeddedServerError) {
        state.withLock { $0 = nil }
        let began = ContinuousClock.now
        try account.makeDirectory(dataPath)
        if let left = try leftover() {
            state.withLock { $0 = left }
            observe(.adopted(server: kind, processID: left.processID))
            return
        }
        let configuration = dataPath + "/redis.conf"
        do {
            try FileSystem.replace(configuration, with: self.configuration, owner: account)
        } catch {
            throw .notWritable(path: configuration, reason: error.reason)
        }
        let started = try start(configuration)
        state.withLock { $0 = started }
        observe(.started(server: kind, processID: started.processID, after: ContinuousClock.now - began))
    }

    /// `redis.conf`, written anew at every start. The commands that could harm everybody's data are switched off for
    /// the one user there is; what a program asks about its server stays.
    private var configuration: String {
        """
        port 0
        unixsocket \(Self.quote(socketPath))
        unixsocketperm 700
        protected-mode yes
        daemonize no
        dir \(Self.quote(dataPath))
        pidfile \(Self.quote(pidPath))
        appendonly yes
        appendfsync everysec
        save ""
        maxmemory \(settings.memoryMegabytes)mb
        maxmemory-policy volatile-lru
        user default on nopass ~* &* +@all -@dangerous +info +role +bgsave

        """
    }

    private static func quote(_ value: String) -> String {
        "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private func leftover() throws(EmbeddedServerError) -> RunningServer? {
        guard let text = FileSystem.read(pidPath, limit: 16), let line = text.split(separator: "\n").first,
            let processID = pid_t(line)
        else { return nil }
        let running = RunningServer(processID: processID, directory: dataPath)
        guard running.isAlive, running.worksInDirectory else { return nil }
        if try waitUntilReady(running) { return running }
        return nil
    }

    private func start(_ configuration: String) throws(EmbeddedServerError) -> RunningServer {
        if let status = FileSystem.status(log), status.st_size > PostgresServer.longestLog { rename(log, log + ".1") }
        let logged = Int(FileSystem.status(log)?.st_size ?? 0)
        let command = Command(program: program, arguments: [configuration], account: account)
        let running = RunningServer(processID: try command.launch(log: log), directory: dataPath)
        guard try waitUntilReady(running) else {
            throw .failed(program: program, output: Command.tail(of: log, from: logged))
        }
        return running
    }

    /// - Returns: False when the process has ended instead.
    /// - Throws: `timedOut`; the process has been killed then.
    private func waitUntilReady(_ running: RunningServer) throws(EmbeddedServerError) -> Bool {
        let ready = Poll.wait(atMost: Self.startTimeout) { () -> Bool? in
            if RedisPing.isAnswered(at: socketPath) { return running.isAlive }
            return running.isAlive ? nil : false
        }
        if let ready { return ready }
        running.send(SIGKILL)
        throw .timedOut(server: kind, doing: "starting", after: Self.startTimeout)
    }

    /// Nothing happens when it is not running.
    func stop(within limit: Duration) throws(EmbeddedServerError) {
        guard let running else { return }
        let began = ContinuousClock.now
        state.withLock { $0 = nil }
        if running.isAlive {
            running.send(SIGTERM)
            if !running.waitForEnd(atMost: limit) { running.send(SIGKILL) }
            guard running.waitForEnd(atMost: .seconds(5)) else {
                throw .timedOut(server: kind, doing: "stopping", after: limit)
            }
        }
        observe(.stopped(server: kind, processID: running.processID, after: ContinuousClock.now - began))
    }
}

/// One `PING` over a Unix socket; while Redis reads its file it answers `-LOADING`.
enum RedisPing {
    static func isAnswered(at path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var patience = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard connect(descriptor, to: path) else { return false }
        let question = Array("PING\r\n".utf8)
        guard send(descriptor, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else { return false }
        var answer = [UInt8](repeating: 0, count: 5)
        return recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL)) == 5 && answer == Array("+PONG".utf8)
    }

    private static func connect(_ descriptor: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= SocketDirectory.longestPath else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
