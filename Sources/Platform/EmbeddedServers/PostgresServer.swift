// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// The postmaster of a private cluster: made, started or adopted, stopped.
final class PostgresServer: SupervisedServer {
    let kind = EmbeddedServer.postgres
    let installation: PostgresInstallation
    let socketDirectory: String
    private let directory: DataDirectory
    private let settings: PrivatePostgres.Settings
    private let account: Account
    private let program: Account
    private let observe: @Sendable (EmbeddedServerEvent) -> Void
    private let state = Locked<RunningServer?>(nil)

    /// Bytes after which the log is put aside at a start.
    static let longestLog = 10 << 20
    /// For how long the children of a killed postmaster may hold on to its shared memory.
    private static let orphanPatience: Duration = .seconds(10)

    var running: RunningServer? { state.withLock { $0 } }
    private var dataPath: String { directory.path + "/postgres" }
    private var log: String { directory.path + "/postgres.log" }
    /// Where the server hands over finished files of its write-ahead log.
    var walSpool: String { directory.path + Self.walSpoolName }
    static let walSpoolName = "/wal-spool"

    init(
        _ directory: DataDirectory, _ settings: PrivatePostgres.Settings,
        observe: @escaping @Sendable (EmbeddedServerEvent) -> Void
    ) throws(EmbeddedServerError) {
        self.directory = directory
        self.settings = settings
        self.observe = observe
        account = try Account.forServers(insteadOfRoot: settings.userInsteadOfRoot)
        program = try Account.current()
        let path = directory.path + "/postgres"
        let found = FileSystem.read(path + "/PG_VERSION", limit: 16).map { $0.split(separator: "\n").first ?? "" }
        let dataMajor = found.flatMap { Int($0) }
        installation = try PostgresInstallation.find(folder: settings.programs, dataMajor: dataMajor, dataPath: path)
        if let found, dataMajor == nil {
            throw .wrongMajorVersion(
                path: path, data: String(found), programs: installation.major, folder: installation.folder)
        }
        try directory.admit(account)
        if let closed = account.firstClosedDirectory(onTheWayTo: installation.folder) {
            throw .notEnterable(path: closed, user: account.name)
        }
        socketDirectory = try SocketDirectory.make(for: directory, account: account)
    }

    func restart() throws(EmbeddedServerError) {
        state.withLock { $0 = nil }
        let began = ContinuousClock.now
        try initializeIfNew()
        try account.makeDirectory(dataPath)
        if settings.archiveTimeout != nil { try account.makeDirectory(walSpool) }
        let isReconfigured = try writeConfiguration()
        if let left = try leftover() {
            guard isReconfigured else {
                state.withLock { $0 = left }
                observe(.adopted(server: kind, processID: left.processID))
                return
            }
            // Some settings are read at a start only, such as whether the log is archived.
            try stop(left, within: .seconds(30))
        }
        let started = try startPatiently()
        state.withLock { $0 = started }
        observe(.started(server: kind, processID: started.processID, after: ContinuousClock.now - began))
    }

    // MARK: Making

    /// Makes the cluster beside its place and moves it there when all is done: a crash leaves nothing half made.
    private func initializeIfNew() throws(EmbeddedServerError) {
        guard FileSystem.status(dataPath) == nil else {
            return try directory.record(postgresMajor: installation.major)
        }
        observe(.initializing(server: kind, path: dataPath))
        // A name of its own: an initdb that outlived its killed program may still write into an earlier one.
        let fresh = "\(dataPath).new-\(getpid())"
        removeLeftovers()
        try account.makeDirectory(fresh)
        try initialize(fresh)
        do {
            try FileSystem.move(fresh, to: dataPath)
        } catch {
            throw .notWritable(path: dataPath, reason: error.reason)
        }
        try directory.record(postgresMajor: installation.major)
    }

    private func initialize(_ fresh: String) throws(EmbeddedServerError) {
        let options = [
            "--pgdata=\(fresh)", "--username=\(PrivatePostgres.superuser)", "--encoding=UTF8", "--locale=C.UTF-8",
            "--data-checksums", "--auth-local=peer", "--auth-host=reject",
        ]
        try command("initdb", options).run(log: log)
        // The single-user mode needs no socket and no login; one line is one statement.
        let (role, database) = (PrivatePostgres.loginRole, PrivatePostgres.database)
        try command("postgres", ["--single", "-c", "exit_on_error=true", "-D", fresh, "postgres"]).run(
            log: log,
            input: """
                CREATE ROLE \(role) LOGIN
                CREATE DATABASE \(database)
                REVOKE ALL ON DATABASE \(database) FROM PUBLIC
                GRANT CONNECT ON DATABASE \(database) TO \(role)

                """)
    }

    /// Takes away what earlier starts left half made, as far as that goes: what is still written to goes next time.
    private func removeLeftovers() {
        for name in fileNames(in: directory.path) ?? [] where name.hasPrefix("postgres.new") {
            try? FileSystem.removeTree("\(directory.path)/\(name)")
        }
    }

    private func command(_ program: String, _ arguments: [String]) -> Command {
        Command(program: installation.folder + "/" + program, arguments: arguments, account: account)
    }

    /// - Returns: Whether anything was not as it is now.
    private func writeConfiguration() throws(EmbeddedServerError) -> Bool {
        let files = PostgresConfigurationFiles(
            settings: settings, socketDirectory: socketDirectory, walCompression: walCompression, walSpool: walSpool,
            hasCustom: FileSystem.status(dataPath + "/custom.conf") != nil, account: account, program: program)
        let contents = [
            ("postgresql.conf", files.main), ("pg_hba.conf", files.authentication), ("pg_ident.conf", files.users),
        ]
        var isChanged = false
        for (name, text) in contents {
            let path = dataPath + "/" + name
            guard FileSystem.read(path) != text else { continue }
            isChanged = true
            do {
                try FileSystem.replace(path, with: text, owner: account)
            } catch {
                throw .notWritable(path: path, reason: error.reason)
            }
        }
        return isChanged
    }

    /// `lz4` where the programs were built with it, else PostgreSQL's own.
    private var walCompression: String {
        let probe = command("postgres", ["-D", dataPath, "-C", "wal_compression", "--wal_compression=lz4"])
        do {
            try probe.run(log: "/dev/null")
            return "lz4"
        } catch {
            return "on"
        }
    }

    // MARK: Starting

    /// A postmaster of this directory that already runs, once it is ready; nil when there is none.
    private func leftover() throws(EmbeddedServerError) -> RunningServer? {
        guard let file = PostmasterFile(in: dataPath) else { return nil }
        let running = RunningServer(processID: file.processID, directory: dataPath)
        // The first look reaps a dead child of ours, whose id would keep PostgreSQL from starting.
        guard running.isAlive, running.worksInDirectory else { return nil }
        let ready = try Poll.wait(atMost: settings.startTimeout) { () throws(EmbeddedServerError) -> Bool? in
            guard running.isAlive else { return false }
            return PostmasterFile(in: dataPath)?.isReady(processID: file.processID) == true ? true : nil
        }
        guard let ready else { throw .timedOut(server: kind, doing: "starting", after: settings.startTimeout) }
        // Left behind with sockets elsewhere (the directory was moved): nobody can reach it, so it has to make way.
        if ready, file.socketDirectory != socketDirectory {
            try stop(running, within: .seconds(30))
            return nil
        }
        return ready ? running : nil
    }

    /// Starts; tries again for a while when the children of a killed postmaster are still in the way.
    private func startPatiently() throws(EmbeddedServerError) -> RunningServer {
        rotateLog()
        let deadline = ContinuousClock.now + Self.orphanPatience
        while true {
            do {
                return try start()
            } catch .failed(let program, let output) {
                let inTheWay = ["lock file", "shared memory block"].contains { output.contains($0) }
                guard inTheWay, ContinuousClock.now < deadline else {
                    throw .failed(program: program, output: output)
                }
                usleep(100_000)
                // It may have been dying at the first look, or come up since.
                if let left = try leftover() { return left }
            }
        }
    }

    private func rotateLog() {
        if let status = FileSystem.status(log), status.st_size > Self.longestLog { rename(log, log + ".1") }
    }

    private func start() throws(EmbeddedServerError) -> RunningServer {
        let logged = Int(FileSystem.status(log)?.st_size ?? 0)
        let postmaster = command("postgres", ["-D", dataPath])
        let running = RunningServer(processID: try postmaster.launch(log: log), directory: dataPath)
        let ready = try Poll.wait(atMost: settings.startTimeout) { () throws(EmbeddedServerError) -> Bool? in
            if PostmasterFile(in: dataPath)?.isReady(processID: running.processID) == true { return true }
            guard running.isAlive else {
                throw .failed(program: postmaster.program, output: Command.tail(of: log, from: logged))
            }
            return nil
        }
        guard ready == nil else { return running }
        running.send(SIGQUIT)
        throw .timedOut(server: kind, doing: "starting", after: settings.startTimeout)
    }

    // MARK: Stopping

    /// Nothing happens when it is not running.
    func stop(within limit: Duration) throws(EmbeddedServerError) {
        guard let running else { return }
        let began = ContinuousClock.now
        state.withLock { $0 = nil }
        try stop(running, within: limit)
        observe(.stopped(server: kind, processID: running.processID, after: ContinuousClock.now - began))
    }

    private func stop(_ running: RunningServer, within limit: Duration) throws(EmbeddedServerError) {
        guard running.isAlive else { return }
        running.send(SIGINT)
        if running.waitForEnd(atMost: limit) { return }
        running.send(SIGQUIT)
        guard running.waitForEnd(atMost: .seconds(5)) else {
            throw .timedOut(server: kind, doing: "stopping", after: limit)
        }
    }
}

extension PostgresServer {
    var backupSource: BackupSource {
        BackupSource(
            installation: installation, account: account, socketDirectory: socketDirectory, dataPath: dataPath, log: log
        )
    }

    /// Ends at once, without writing anything more, what runs in a directory that is to be removed.
    static func end(in directory: String) {
        let path = directory + "/postgres"
        guard let file = PostmasterFile(in: path) else { return }
        let running = RunningServer(processID: file.processID, directory: path)
        guard running.worksInDirectory else { return }
        running.send(SIGQUIT)
        if !running.waitForEnd(atMost: .seconds(10)) { running.send(SIGKILL) }
    }

    static func runningSource(
        in directory: String, _ settings: PrivatePostgres.Settings
    ) throws(EmbeddedServerError) -> BackupSource? {
        guard let directory = FileSystem.resolve(directory) else { return nil }
        let path = directory + "/postgres"
        guard let file = PostmasterFile(in: path), file.isReady(processID: file.processID),
            RunningServer(processID: file.processID, directory: path).worksInDirectory
        else { return nil }
        let major = FileSystem.read(path + "/PG_VERSION", limit: 16)?.split(separator: "\n").first.flatMap { Int($0) }
        return BackupSource(
            installation: try .find(folder: settings.programs, dataMajor: major, dataPath: path),
            account: try .forServers(insteadOfRoot: settings.userInsteadOfRoot),
            socketDirectory: file.socketDirectory, dataPath: path, log: directory + "/postgres.log")
    }
}

/// `postmaster.pid`, the lock file by which PostgreSQL tells the world that it runs; read here, and never deleted.
struct PostmasterFile {
    let processID: pid_t
    let socketDirectory: String
    private let status: String

    /// Nil when it is not there, or not written in full yet.
    init?(in directory: String) {
        let lines = FileSystem.read(directory + "/postmaster.pid", limit: 8192)?
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let lines, let first = lines.first, let processID = pid_t(first) else { return nil }
        self.processID = processID
        socketDirectory = lines.count > 4 ? String(lines[4]) : ""
        status = lines.count > 7 ? lines[7].split(separator: " ").joined() : ""
    }

    /// Whether this process accepts connections.
    func isReady(processID: pid_t) -> Bool { self.processID == processID && status == "ready" }
}
