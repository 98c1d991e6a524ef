// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import EmbeddedServers

@Suite("A private PostgreSQL", .serialized)
struct PrivatePostgresTests {
    let scratch: Scratch
    let events = Events()

    init() throws { scratch = try Scratch() }

    private var path: String { scratch.path + "/data" }

    private func start(_ settings: PrivatePostgres.Settings = smallSettings()) throws -> PrivatePostgres {
        let postgres = try PrivatePostgres.start(in: try DataDirectory.open(path), settings: settings) { [events] in
            events.note($0)
        }
        scratch.track(postgres.processID)
        return postgres
    }

    @Test("keeps its data over a stop and a start")
    func restart() throws {
        var postgres: PrivatePostgres? = try start()
        #expect(postgres?.ask("CREATE TABLE t AS SELECT 42 AS n") == "")
        try postgres?.stop()
        #expect(postgres?.processID == nil)
        postgres = nil
        postgres = try start()
        #expect(postgres?.ask("SELECT n FROM t") == "42")
        try postgres?.stop()
        #expect(events.words == ["initializing", "started", "stopped", "started", "stopped"])
    }

    @Test("is durable, checks its pages, speaks UTF-8 and listens on no port")
    func settings() throws {
        let postgres = try start()
        let names = [
            "data_checksums", "fsync", "full_page_writes", "synchronous_commit", "server_encoding", "listen_addresses",
        ]
        let list = names.map { "current_setting('\($0)')" }.joined(separator: ",")
        #expect(postgres.ask("SELECT concat_ws(' ', \(list))") == "on on on on UTF8 ")
        #expect(postgres.ask("SELECT datcollate FROM pg_database WHERE datname = 'witan'") == "C.UTF-8")
        #expect(postgres.ask("SELECT current_user, current_database()", role: "witan") == "witan|witan")
        #expect(postgres.ask("SELECT rolsuper FROM pg_roles WHERE rolname = 'witan'") == "f")
        try postgres.stop()
    }

    @Test("takes the administrator's settings over ours")
    func overrides() throws {
        var settings = smallSettings()
        settings.overrides = [("work_mem", "7MB"), ("application_name", "it's \\ fine")]
        let postgres = try start(settings)
        #expect(postgres.ask("SHOW work_mem") == "7MB")
        try postgres.stop()
    }

    @Test("reads custom.conf last")
    func custom() throws {
        try start().stop()
        let owner = try Account.forServers(insteadOfRoot: "postgres")
        try FileSystem.replace(path + "/postgres/custom.conf", with: "shared_buffers = 17MB\n", owner: owner)
        let postgres = try start()
        #expect(postgres.ask("SHOW shared_buffers") == "17MB")
        try postgres.stop()
    }

    @Test("left running by a program that died is adopted, not started twice")
    func adoption() throws {
        var postgres: PrivatePostgres? = try start()
        let processID = postgres?.processID
        #expect(postgres?.ask("CREATE TABLE t AS SELECT 1 AS n") == "")
        postgres = nil
        postgres = try start()
        #expect(postgres?.processID == processID)
        #expect(postgres?.ask("SELECT n FROM t") == "1")
        try postgres?.stop()
        #expect(events.words == ["initializing", "started", "adopted", "stopped"])
        #expect(kill(try #require(processID), 0) != 0)
    }

    @Test("whose postmaster was killed is started again, with all that was committed")
    func killedWhileWatched() throws {
        let postgres = try start()
        let processID = try #require(postgres.processID)
        #expect(postgres.ask("CREATE TABLE t AS SELECT 7 AS n") == "")
        kill(processID, SIGKILL)
        #expect(postgres.waitFor("7", "SELECT n FROM t"))
        scratch.track(postgres.processID)
        #expect(postgres.processID != processID)
        try postgres.stop()
        #expect(events.words == ["initializing", "started", "died", "started", "stopped"])
    }

    @Test("killed while nobody watched starts over its stale lock file")
    func killedUnwatched() throws {
        var postgres: PrivatePostgres? = try start()
        let processID = try #require(postgres?.processID)
        #expect(postgres?.ask("CREATE TABLE t AS SELECT 7 AS n") == "")
        // A backend at work keeps the shared memory for a moment.
        let busy = try #require(postgres).connectionString(role: PrivatePostgres.superuser)
        _ = shell("(psql -Xq -d \"\(busy)\" -c 'SELECT pg_sleep(30)' >/dev/null 2>&1 &) ; sleep 0.2")
        postgres = nil
        kill(processID, SIGKILL)
        #expect(RunningServer(processID: processID, directory: path + "/postgres").waitForEnd(atMost: .seconds(5)))
        #expect(FileSystem.status(path + "/postgres/postmaster.pid") != nil)
        postgres = try start()
        #expect(postgres?.ask("SELECT n FROM t") == "7")
        try postgres?.stop()
    }

    @Test("that was half made is made anew")
    func halfMade() throws {
        do { _ = try DataDirectory.open(path) }
        let account = try Account.forServers(insteadOfRoot: "postgres")
        try account.makeDirectory(path + "/postgres.new")
        try FileSystem.replace(path + "/postgres.new/PG_VERSION", with: "15\n", owner: account)
        let postgres = try start()
        #expect(postgres.ask("SELECT 1") == "1")
        #expect(FileSystem.status(path + "/postgres.new") == nil)
        try postgres.stop()
    }

    @Test("cuts connections when it is told to stop")
    func stopInOrder() throws {
        let postgres = try start()
        let session = postgres.connectionString(role: "witan")
        _ = shell("(psql -Xq -d \"\(session)\" -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &) ; sleep 0.2")
        let elapsed = try ContinuousClock().measure { try postgres.stop() }
        #expect(elapsed < .seconds(20))
        #expect(shell("tail -n 5 \(path)/postgres.log").output.contains("database system is shut down"))
        #expect(FileSystem.status(path + "/postgres/postmaster.pid") == nil)
    }

    @Test("is in a process group of its own and holds none of our sockets")
    func inheritsNothing() throws {
        let pair = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(pair) }
        let postgres = try start()
        let processID = try #require(postgres.processID)
        #expect(getpgid(processID) == processID)
        let mine = shell("readlink /proc/\(getpid())/fd/\(pair)").output
        #expect(mine.hasPrefix("socket:"))
        let theirs = shell("ls -l /proc/\(processID)/fd").output
        #expect(theirs.contains("postgres.log") && !theirs.contains(mine.dropLast()))
        try postgres.stop()
    }

    @Test("lets in nobody but its own users, even where the socket can be reached", .enabled(if: geteuid() == 0))
    func strangers() throws {
        let postgres = try start()
        let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        #expect(postgres.ask("SELECT 1", role: "witan", prefix: nobody).contains("Permission denied"))
        chmod(path, 0o755)
        chmod(postgres.socketDirectory, 0o755)
        chmod(postgres.socketDirectory + "/.s.PGSQL.5432", 0o777)
        #expect(postgres.ask("SELECT 1", role: "witan", prefix: nobody).contains("Peer authentication failed"))
        #expect(postgres.ask("SELECT 1", role: "postgres").contains("Peer authentication failed"))
        #expect(postgres.ask("SELECT 1", role: "witan") == "1")
        try postgres.stop()
    }

    @Test("works below a path too long for a socket")
    func longPath() throws {
        let long = scratch.path + "/" + String(repeating: "long", count: 25)
        let postgres = try PrivatePostgres.start(in: try DataDirectory.open(long), settings: smallSettings())
        scratch.track(postgres.processID)
        #expect(postgres.ask("SELECT 1") == "1")
        try postgres.stop()
        try FileSystem.removeTree(postgres.socketDirectory)
    }

    @Test("of another major version is refused, and its data are left alone")
    func wrongMajor() throws {
        do { _ = try DataDirectory.open(path) }
        try Account.forServers(insteadOfRoot: "postgres").makeDirectory(path + "/postgres")
        for version in ["12\n", "9.6\n"] {
            try FileSystem.replace(path + "/postgres/PG_VERSION", with: version)
            let error = #expect(throws: EmbeddedServerError.self) { try start() }
            guard case .wrongMajorVersion(path + "/postgres", version.dropLast().description, _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("below a directory its user may not enter is refused beforehand", .enabled(if: geteuid() == 0))
    func closedParent() throws {
        let closed = try Scratch(mode: 0o700)
        let directory = try DataDirectory.open(closed.path + "/data")
        #expect(throws: EmbeddedServerError.notEnterable(path: closed.path, user: "postgres")) {
            try PrivatePostgres.start(in: directory)
        }
    }

    @Test("does not run as root, whatever is asked", .enabled(if: geteuid() == 0), arguments: ["root", "no-such-user"])
    func neverRoot(user: String) throws {
        var settings = smallSettings()
        settings.userInsteadOfRoot = user
        #expect(throws: EmbeddedServerError.unknownUser(name: user)) { try start(settings) }
    }

    @Test("that will not start says what it wrote")
    func badSetting() throws {
        var settings = smallSettings()
        settings.overrides = [("shared_buffers", "lots")]
        let error = #expect(throws: EmbeddedServerError.self) { try start(settings) }
        #expect(error?.description.contains("shared_buffers") == true)
    }
}
