// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions
import Testing

@testable import EmbeddedServers

@Suite("A data directory")
struct DataDirectoryTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("is made on first use, closed to others, and found again")
    func first() throws {
        let path = scratch.path + "/data"
        var directory: DataDirectory? = try DataDirectory.open(path)
        #expect(try #require(FileSystem.status(path)).st_mode & 0o777 == 0o700)
        #expect(directory?.postgresMajor == nil)
        try directory?.record(postgresMajor: 15)
        directory = nil
        #expect(try DataDirectory.open(path).postgresMajor == 15)
    }

    @Test("with somebody else's files is refused and left alone")
    func foreign() throws {
        try FileSystem.replace(scratch.path + "/thesis.txt", with: "years of work")
        #expect(throws: EmbeddedServerError.foreignContent(path: scratch.path)) { try DataDirectory.open(scratch.path) }
        #expect(fileNames(in: scratch.path) == ["thesis.txt"])
    }

    @Test("may be the root of a fresh volume")
    func volume() throws {
        mkdir(scratch.path + "/lost+found", 0o700)
        _ = try DataDirectory.open(scratch.path)
    }

    @Test("that is a file is refused")
    func file() throws {
        try FileSystem.replace(scratch.path + "/file", with: "")
        #expect(throws: EmbeddedServerError.notADirectory(path: scratch.path + "/file")) {
            try DataDirectory.open(scratch.path + "/file")
        }
    }

    @Test("that cannot be made says why")
    func missingParent() {
        let path = scratch.path + "/no/such"
        let error = #expect(throws: EmbeddedServerError.self) { try DataDirectory.open(path) }
        #expect(error == .notWritable(path: path, reason: "No such file or directory"))
    }

    @Test("that cannot be written says why", .enabled(if: geteuid() != 0))
    func unwritable() throws {
        let path = scratch.path + "/closed"
        mkdir(path, 0o500)
        let error = #expect(throws: EmbeddedServerError.self) { try DataDirectory.open(path) }
        #expect(error == .notWritable(path: path, reason: "Permission denied"))
    }

    @Test("on a file system that cannot be written says why", .enabled(if: geteuid() == 0))
    func readOnly() {
        let error = #expect(throws: EmbeddedServerError.self) { try DataDirectory.open("/sys/kernel/witan") }
        guard case .notWritable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("is held by one at a time, and the other is told by whom")
    func exclusive() throws {
        let path = scratch.path + "/data"
        let first = try DataDirectory.open(path)
        #expect(throws: EmbeddedServerError.inUse(path: path, processID: getpid())) { try DataDirectory.open(path) }
        withExtendedLifetime(first) {}
    }

    @Test("of a newer format is refused")
    func newer() throws {
        try FileSystem.replace(scratch.path + "/witan-data", with: "This directory.\nformat 2\n")
        #expect(throws: EmbeddedServerError.unknownFormat(path: scratch.path + "/witan-data", found: "format 2")) {
            try DataDirectory.open(scratch.path)
        }
    }

    @Test("with a long path has its sockets elsewhere, closed to others")
    func longPath() throws {
        let path = scratch.path + "/" + String(repeating: "long", count: 25)
        let account = try Account.forServers(insteadOfRoot: "postgres")
        let sockets = try SocketDirectory.make(for: try DataDirectory.open(path), account: account)
        defer { try? FileSystem.removeTree(sockets) }
        #expect(!sockets.hasPrefix(scratch.path) && SocketDirectory.fits(sockets))
        let status = try #require(FileSystem.status(sockets))
        #expect(status.st_mode & 0o777 == 0o700 && status.st_uid == account.userID)
        chmod(sockets, 0o755)
        #expect(throws: EmbeddedServerError.noSocketDirectory(path: sockets, reason: "is open to others")) {
            _ = try SocketDirectory.make(for: try DataDirectory.open(path), account: account)
        }
    }

    @Test("107 bytes of socket path are the most")
    func longest() {
        #expect(SocketDirectory.fits(String(repeating: "x", count: 93)))
        #expect(!SocketDirectory.fits(String(repeating: "x", count: 94)))
    }
}

@Suite("PostgreSQL's programs")
struct PostgresInstallationTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func install(_ major: Int) throws {
        let folder = "\(scratch.path)/\(major)/bin"
        for path in ["\(scratch.path)/\(major)", folder] { mkdir(path, 0o755) }
        for program in ["postgres", "initdb"] {
            try FileSystem.replace("\(folder)/\(program)", with: "#!/bin/sh\necho 'postgres (PostgreSQL) \(major).3'\n")
            chmod("\(folder)/\(program)", 0o755)
        }
    }

    private func find(_ folder: String? = nil, data: Int? = nil) throws(EmbeddedServerError) -> Int {
        try PostgresInstallation.find(folder: folder, dataMajor: data, dataPath: "/data", root: scratch.path).major
    }

    @Test("are the newest, or those that wrote the data")
    func newest() throws {
        for major in [16, 9, 18] { try install(major) }
        #expect(try find() == 18)
        #expect(try find(data: 16) == 16)
        #expect(try find("\(scratch.path)/16/bin") == 16)
    }

    @Test("that are missing are named with their package")
    func missing() {
        let error = #expect(throws: EmbeddedServerError.self) { try find() }
        #expect(error?.description.contains("apt install postgresql") == true)
        #expect(throws: EmbeddedServerError.postgresMissing(searched: ["/nowhere"])) { try find("/nowhere") }
    }

    @Test("of another major version than the data are refused")
    func major() throws {
        try install(18)
        let folder = "\(scratch.path)/18/bin"
        #expect(throws: EmbeddedServerError.wrongMajorVersion(path: "/data", data: "15", programs: 18, folder: folder))
        {
            try find(data: 15)
        }
    }

    @Test("that are too old are refused")
    func old() throws {
        try install(14)
        let folder = "\(scratch.path)/14/bin"
        #expect(throws: EmbeddedServerError.unsupportedVersion(folder: folder, found: "14")) { try find(folder) }
    }
}
