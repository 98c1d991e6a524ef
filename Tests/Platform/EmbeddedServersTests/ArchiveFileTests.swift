// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Glibc
import SwiftExtensions
import Testing

@testable import EmbeddedServers

func archiveKey(_ byte: UInt8 = 7) throws -> MasterKey {
    try MasterKey(Secret([UInt8](repeating: byte, count: 32)))
}

func contents(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    return FileSystem.readFully(descriptor, Int(try #require(FileSystem.status(path)).st_size))
}

func put(_ bytes: [UInt8], in path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(FileSystem.write(bytes, to: descriptor))
}

@Suite("A sealed file")
struct SealedFileTests {
    let scratch: Scratch
    let key: HMACSHA256

    init() throws {
        scratch = try Scratch()
        key = try archiveKey().subkey("test")
    }

    private func seal(_ bytes: [UInt8], name: String = "file") throws -> String {
        let path = "\(scratch.path)/\(name)"
        let writer = try SealedFileWriter(path, key: key)
        // In pieces, as they come from a program.
        for start in stride(from: 0, to: bytes.count, by: 70_000) {
            try writer.append(bytes[start..<min(bytes.count, start + 70_000)])
        }
        try writer.finish()
        return path
    }

    private func unseal(_ path: String, _ key: HMACSHA256) throws -> [UInt8] {
        let reader = try SealedFileReader(path, key: key)
        var bytes: [UInt8] = []
        while let piece = try reader.next() { bytes += piece }
        return bytes
    }

    @Test("gives back what went in, whatever its size", arguments: [0, 1, 262_143, 262_144, 262_145, 524_288, 900_000])
    func roundTrip(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let path = try seal(bytes)
        #expect(try unseal(path, key) == bytes)
        #expect(FileSystem.status(path + ".part") == nil)
    }

    @Test("is refused when it was changed, cut at any place, continued, renamed, or sealed under another key")
    func changes() throws {
        let bytes = [UInt8](repeating: 65, count: 600_000)
        let path = try seal(bytes)
        let sealed = try contents(path)
        #expect(!sealed.windows(of: 8).contains(Array("AAAAAAAA".utf8)))
        let frame = 262_144 + 16
        for place in [0, 9, 41, 45, 60, 300_000, sealed.count - 1] {
            var changed = sealed
            changed[place] ^= 1
            try put(changed, in: path)
            #expect(throws: EmbeddedServerError.self, "byte \(place)") { try unseal(path, key) }
        }
        // Also at the border of frames, where everything before is genuine.
        for length in [0, 8, 40, 40 + frame, 40 + 2 * frame, sealed.count - 1] {
            try put(Array(sealed[..<length]), in: path)
            #expect(throws: EmbeddedServerError.self, "cut at \(length)") { try unseal(path, key) }
        }
        let swapped = sealed[..<40] + sealed[(40 + frame)..<(40 + 2 * frame)] + sealed[40..<(40 + frame)]
        try put(Array(swapped) + sealed[(40 + 2 * frame)...], in: path)
        #expect(throws: EmbeddedServerError.self) { try unseal(path, key) }
        try put(sealed + [0], in: path)
        #expect(throws: EmbeddedServerError.self) { try unseal(path, key) }
        try put(sealed, in: path)
        #expect(try unseal(path, key) == bytes)
        let other = try archiveKey(8).subkey("test")
        #expect(throws: EmbeddedServerError.archiveDamaged(path: path, reason: "does not match its seal")) {
            try unseal(path, other)
        }
        try put(sealed, in: "\(scratch.path)/other")
        #expect(throws: EmbeddedServerError.self) { try unseal("\(scratch.path)/other", key) }
    }

    @Test("that was not finished leaves nothing")
    func unfinished() throws {
        let path = "\(scratch.path)/file"
        do {
            let writer = try SealedFileWriter(path, key: key)
            try writer.append([UInt8](repeating: 1, count: 1_000_000))
        }
        #expect(fileNames(in: scratch.path) == [])
    }
}

extension Array<UInt8> {
    /// A few places are enough to see whether the plaintext shows.
    fileprivate func windows(of size: Int) -> [[UInt8]] {
        stride(from: 0, to: count - size, by: 997).map { Array(self[$0..<$0 + size]) }
    }
}

@Suite("The write-ahead log's files")
struct SegmentTests {
    @Test("are counted through the groups of 256")
    func arithmetic() throws {
        let last = try #require(Segment(name: "0000000100000002000000FF"))
        #expect(last.next.name == "000000010000000300000000")
        #expect(last < last.next)
        #expect(Segment(timeline: 1, position: "2/FF000028")?.name == last.name)
        #expect(Segment(timeline: 0xA, position: "0/3000060")?.name == "0000000A0000000000000003")
        for wrong in ["", "0000000100000002000000FG", "000000010000000200000100", "0000000100000002000000ff"] {
            #expect(Segment(name: wrong) == nil)
        }
        #expect(Segment(timeline: 1, position: "2") == nil)
    }

    @Test("and PostgreSQL's notes are archived, and nothing else")
    func names() {
        let right = [
            "000000010000000000000003", "00000002.history", "000000010000000000000003.00000028.backup",
            "000000010000000000000003.partial",
        ]
        for name in right { #expect(Segment.isArchived(name)) }
        for name in ["000000010000000000000003.part", "x.history", "../etc/passwd", "archive_status", ""] {
            #expect(!Segment.isArchived(name))
        }
    }

    @Test("lead from a base backup as far as there is no gap")
    func chain() throws {
        let first = try #require(Segment(name: "000000010000000000000003"))
        let present: Set = [first, first.next, first.next.next.next]
        #expect(Window.contiguous(from: first, in: present) == [first, first.next])
        #expect(Window.contiguous(from: first.next.next, in: present) == [])
    }
}

@Suite("An archive lets go of")
struct ArchiveRetentionTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)
    private let retention = ArchiveRetention(keep: .seconds(7 * 86_400))

    private func base(daysAgo: Int, segment: UInt64) -> BaseBackup {
        let segment = Segment(timeline: 1, number: segment)
        return BaseBackup(
            name: "\(daysAgo)", finished: now - .seconds(daysAgo * 86_400), duration: .seconds(1), postgresMajor: 15,
            bytes: 1, sealedBytes: 1, files: 1, first: segment, last: segment)
    }

    @Test("base backups older than the one that the beginning of the time kept needs, and their log")
    func decides() {
        let bases = [base(daysAgo: 9, segment: 10), base(daysAgo: 8, segment: 20), base(daysAgo: 6, segment: 30)]
        let (remove, firstKept) = retention.decide(bases, now: now)
        #expect(remove.map(\.name) == ["9"])
        #expect(firstKept?.number == 20)
    }

    @Test("never the last whole one, however old, and nothing while all are young")
    func keeps() {
        let old = retention.decide([base(daysAgo: 90, segment: 10)], now: now)
        #expect(old.remove.isEmpty && old.firstKept?.number == 10)
        let young = retention.decide([base(daysAgo: 2, segment: 10), base(daysAgo: 1, segment: 20)], now: now)
        #expect(young.remove.isEmpty && young.firstKept?.number == 10)
        let none = retention.decide([], now: now)
        #expect(none.remove.isEmpty && none.firstKept == nil)
    }
}
