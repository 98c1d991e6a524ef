// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions
import Testing

@testable import EmbeddedServers

@Suite("An archived private cluster", .serialized)
struct PointInTimeRecoveryTests {
    let scratch: Scratch
    let key: MasterKey

    init() throws {
        scratch = try Scratch()
        key = try archiveKey()
    }

    /// A running cluster with its archive.
    private struct Site {
        let directory: DataDirectory
        let postgres: PrivatePostgres
        let archive: WALArchive
        let history: ArchiveHistory
        let shipper: WALShipper

        func backUp() throws -> BaseBackup {
            try history.backUp(postgres.backupSource) { () throws(EmbeddedServerError) in _ = try shipper.ship() }
        }

        /// Finishes the current file of the log, and waits until it is in the archive.
        func ship() throws {
            let name = postgres.ask("SELECT pg_walfile_name(pg_switch_wal())")
            let arrived = try Poll.wait(atMost: .seconds(20)) { () throws(EmbeddedServerError) -> Bool? in
                try shipper.ship()
                return FileSystem.status(history.logFile(name)) == nil ? nil : true
            }
            #expect(arrived == true, "\(name) did not arrive")
        }

        /// A row, and a time after its commit and before that of the next one.
        func write(_ row: Int) throws -> Timestamp {
            #expect(postgres.ask("INSERT INTO t VALUES (\(row))") == "")
            usleep(20_000)
            let time = Timestamp.now()
            usleep(20_000)
            return time
        }
    }

    private func archivingSettings() -> PrivatePostgres.Settings {
        var settings = smallSettings()
        settings.archiveTimeout = .seconds(60)
        return settings
    }

    private func site(_ name: String = "data") throws -> Site {
        let directory = try DataDirectory.open("\(scratch.path)/\(name)")
        let archive = WALArchive(path: "\(scratch.path)/archive", masterKey: key)
        let history = try archive.history(of: directory)
        let postgres = try PrivatePostgres.start(in: directory, settings: archivingSettings())
        scratch.track(postgres.processID)
        let site = Site(
            directory: directory, postgres: postgres, archive: archive, history: history,
            shipper: WALShipper(from: directory, to: history))
        #expect(postgres.ask("SET client_min_messages = error; CREATE TABLE IF NOT EXISTS t (n int)") == "")
        return site
    }

    private func recover(_ site: Site, to time: Timestamp?, _ name: String) throws -> (rows: String, files: Int) {
        let path = "\(scratch.path)/\(name)"
        let files = try restore(site, to: time, into: path)
        #expect(fileNames(in: path + ".restoring") == nil)
        // And then as any other data directory.
        let directory = try DataDirectory.open(path)
        let postgres = try PrivatePostgres.start(in: directory, settings: smallSettings())
        scratch.track(postgres.processID)
        defer { try? postgres.stop() }
        #expect(postgres.ask("SELECT pg_is_in_recovery()") == "f")
        #expect(postgres.ask("INSERT INTO t VALUES (100)") == "")
        return (postgres.ask("SELECT string_agg(n::text, ' ' ORDER BY n) FROM t WHERE n < 100"), files)
    }

    /// The directory is locked until this returns.
    private func restore(_ site: Site, to time: Timestamp?, into path: String) throws -> Int {
        let plan = try RecoveryPlan(to: time, in: site.archive)
        let recovery = try PointInTimeRecovery.run(plan, into: path, settings: smallSettings())
        scratch.track(recovery.postgres.processID)
        try recovery.finish()
        return recovery.logFiles
    }

    @Test("comes back as it was at a time between two rows, at the end, and between base backups")
    func recovers() throws {
        let site = try site()
        _ = try site.write(1)
        let base = try site.backUp()
        let two = try site.write(2)
        try site.ship()
        _ = try site.write(3)
        let second = try site.backUp()
        _ = try site.write(4)
        // At the stop, what is not finished is handed over too.
        try site.postgres.stop()
        try site.shipper.ship()

        #expect(try recover(site, to: two, "two").rows == "1 2")
        // After the last commit, and before the last file was finished: PostgreSQL alone would refuse.
        let latest = try RecoveryPlan(to: nil, in: site.archive)
        #expect(latest.base == second && base.finished < second.finished)
        #expect(try recover(site, to: latest.latest, "last").rows == "1 2 3 4")
        for outside in [base.finished - .seconds(1), latest.latest + .seconds(1)] {
            let refusal = EmbeddedServerError.outsideWindow(
                target: outside, earliest: base.finished, latest: latest.latest)
            #expect(throws: refusal) { try RecoveryPlan(to: outside, in: site.archive) }
        }
    }

    @Test("brought back begins a history of its own, and the archive can go to both")
    func histories() throws {
        let first = try site()
        let one = try first.write(1)
        _ = try first.backUp()
        let two = try first.write(2)
        _ = try first.write(3)
        try first.postgres.stop()
        try first.shipper.ship()
        #expect(throws: EmbeddedServerError.self) { try RecoveryPlan(to: one, in: first.archive) }
        #expect(try recover(first, to: two, "second").rows == "1 2")

        let second = try site("second")
        #expect(second.history.id > first.history.id)
        let before = try RecoveryPlan(to: nil, in: second.archive).history.id
        #expect(before == first.history.id)
        _ = try second.backUp()
        let four = try second.write(4)
        try second.postgres.stop()
        try second.shipper.ship()
        #expect(try recover(second, to: four, "third").rows == "1 2 4")
        #expect(try RecoveryPlan(to: two, in: second.archive).history.id == first.history.id)
    }

    @Test("is refused into a directory that exists, and a restore that fails leaves nothing")
    func refusals() throws {
        let site = try site()
        let empty = EmbeddedServerError.noBaseBackup(archive: site.archive.path)
        #expect(throws: empty) { try RecoveryPlan(to: nil, in: site.archive) }
        let base = try site.backUp()
        _ = try site.write(1)
        try site.ship()
        _ = try site.write(2)
        try site.ship()
        _ = try site.write(3)
        try site.postgres.stop()
        try site.shipper.ship()
        let plan = try RecoveryPlan(to: nil, in: site.archive)
        let there = EmbeddedServerError.alreadyThere(path: site.directory.path)
        #expect(throws: there) {
            try PointInTimeRecovery.run(plan, into: site.directory.path, settings: smallSettings())
        }

        // A bit of the second file after the base backup, then the file itself.
        let damaged = site.history.logFile(base.last.next.next.name)
        var bytes = try contents(damaged)
        bytes[bytes.count - 20] ^= 4
        try put(bytes, in: damaged)
        let until = try site.history.closed(base.last.next)
        let refusal = EmbeddedServerError.logDamaged(path: damaged, reason: "does not match its seal", latest: until)
        #expect(throws: refusal) {
            try PointInTimeRecovery.run(plan, into: "\(scratch.path)/new", settings: smallSettings())
        }
        #expect(FileSystem.status("\(scratch.path)/new") == nil)
        #expect(FileSystem.status("\(scratch.path)/new.restoring") == nil)
        #expect("\(refusal)".contains("choose a time until \(until)"))

        // The last file of all: everything before it can still be had, by naming a time.
        let end = site.history.logFile(try #require(site.history.segments().last).name)
        let whole = try contents(end)
        try put(Array(whole.dropLast()), in: end)
        #expect(throws: EmbeddedServerError.self) { try RecoveryPlan(to: nil, in: site.archive) }
        #expect(try RecoveryPlan(to: until, in: site.archive).base == base)
        try put(whole, in: end)

        unlink(damaged)
        #expect(throws: EmbeddedServerError.self) { try RecoveryPlan(to: nil, in: site.archive) }
        let missing = EmbeddedServerError.logMissing(path: damaged, earliest: base.finished, latest: until)
        #expect(throws: missing) { try RecoveryPlan(to: .now(), in: site.archive) }
        #expect(try recover(site, to: until, "until").rows == "1")
    }

    @Test("has base backups that are verified, and one that ends in the middle leaves nothing that looks whole")
    func baseBackups() throws {
        let site = try site()
        defer { try? site.postgres.stop() }
        let base = try site.backUp()
        #expect(base.files > 500 && base.bytes > 10_000_000 && base.postgresMajor == site.postgres.majorVersion)
        #expect(site.history.bases() == [base])
        try site.history.verify(base)
        var asked = 0
        #expect(throws: EmbeddedServerError.stopped(what: "pg_basebackup")) {
            try site.history.backUp(
                site.postgres.backupSource,
                shouldStop: {
                    asked += 1
                    return asked > 3
                }, ship: {})
        }
        // And what one leaves that was killed.
        try put([1, 2, 3], in: "\(site.history.basePath)/20200101T000000Z.base")
        #expect(site.history.bases() == [base])
        sleep(1)
        let second = try site.backUp()
        #expect(site.history.bases() == [base, second])
        let names = Set(fileNames(in: site.history.basePath) ?? [])
        #expect(names == Set([base, second].flatMap { ["\($0.name).base", "\($0.name).json"] }))

        // Cut short, it is not whole any more.
        let file = "\(site.history.basePath)/\(second.fileName)"
        try put(Array(try contents(file).dropLast()), in: file)
        #expect(site.history.bases() == [base])
        #expect(throws: EmbeddedServerError.self) { try site.history.verify(second) }
    }

    @Test("prunes base backups and their log together, and the last one never")
    func prunes() throws {
        let site = try site()
        let first = try site.backUp()
        try site.ship()
        sleep(1)
        let second = try site.backUp()
        try site.postgres.stop()
        try site.shipper.ship()
        #expect(try site.history.prune(keeping: .seconds(3600)).bases == [])
        let later = second.finished + .seconds(7200)
        let pruned = try site.history.prune(keeping: .seconds(3600), now: later)
        #expect(pruned.bases == [first.name] && pruned.logFiles > 0)
        #expect(site.history.bases() == [second])
        #expect(site.history.segments().first == second.first)
        #expect(try recover(site, to: nil, "new").rows == "")
        #expect(try site.history.prune(keeping: .seconds(1), now: later).bases == [])
    }

    @Test("goes on when the archive cannot be written, and loses nothing")
    func unwritable() throws {
        let site = try site()
        let base = try site.backUp()
        // A file in place of the folder: that stops root too.
        rename(site.history.logPath, site.history.logPath + ".away")
        try put([], in: site.history.logPath)
        let row = try site.write(1)
        let name = site.postgres.ask("SELECT pg_walfile_name(pg_switch_wal())")
        #expect(site.postgres.waitFor("t", "SELECT last_archived_wal >= '\(name)' FROM pg_stat_archiver"))
        #expect(throws: EmbeddedServerError.self) { try site.shipper.ship() }
        #expect(site.shipper.waiting.contains(name))
        _ = try site.write(2)
        unlink(site.history.logPath)
        rename(site.history.logPath + ".away", site.history.logPath)
        try site.postgres.stop()
        #expect(try site.shipper.ship() > 0)
        #expect(site.shipper.waiting.isEmpty)
        #expect(base.finished < row)
        #expect(try recover(site, to: row, "new").rows == "1")
    }

    @Test("hands over the same file twice without harm, and never another one under its name")
    func conflicts() throws {
        let site = try site()
        try site.ship()
        try site.postgres.stop()
        try site.shipper.ship()
        let segment = try #require(site.history.segments().first)
        let (bytes, _) = try site.history.log(segment.name)
        #expect(bytes.count == Int(Segment.size))
        let spooled = "\(site.directory.path)/wal-spool/\(segment.name)"
        try put(bytes, in: spooled)
        #expect(try site.shipper.ship() == 1)
        var other = bytes
        other[100] ^= 1
        try put(other, in: spooled)
        let conflict = EmbeddedServerError.archiveConflict(path: site.history.logFile(segment.name))
        #expect(throws: conflict) { try site.shipper.ship() }
        #expect(try site.history.log(segment.name).bytes == bytes)
    }

    @Test("is started anew, not adopted, when archiving was turned on meanwhile")
    func reconfigured() throws {
        var postgres: PrivatePostgres?
        let path = "\(scratch.path)/data"
        postgres = try PrivatePostgres.start(in: try DataDirectory.open(path), settings: smallSettings())
        scratch.track(postgres?.processID)
        let first = postgres?.processID
        postgres = nil
        postgres = try PrivatePostgres.start(in: try DataDirectory.open(path), settings: archivingSettings())
        scratch.track(postgres?.processID)
        #expect(postgres?.processID != first)
        #expect(postgres?.ask("SHOW archive_mode") == "on")
        try postgres?.stop()
    }
}
