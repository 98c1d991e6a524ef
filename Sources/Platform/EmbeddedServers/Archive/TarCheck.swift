// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Looks at a base backup as it passes by: a tar stream (POSIX ustar) with PostgreSQL's manifest as a file in it, which
/// names every other file with its size and SHA-256.
struct TarCheck: ~Copyable {
    private enum Place { case header, content(left: Int, padding: Int), padding(Int) }

    private var place = Place.header
    private var header: [UInt8] = []
    private var name = ""
    private var hash: SHA256?
    private var manifest: [UInt8] = []
    private var found: [String: (size: Int, digest: Digest)] = [:]
    private var size = 0

    private static let block = 512
    private static let manifestName = "backup_manifest"
    /// Some millions of files.
    private static let largestManifest = 512 << 20

    /// Takes the next bytes of the stream, in pieces of any size.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch place {
            case .header:
                let taken = rest.prefix(Self.block - header.count)
                header.append(contentsOf: taken)
                rest = rest.dropFirst(taken.count)
                if header.count == Self.block { begin() }
            case .content(let left, let padding):
                let taken = rest.prefix(left)
                if name == Self.manifestName {
                    if manifest.count + taken.count <= Self.largestManifest { manifest.append(contentsOf: taken) }
                } else {
                    hash?.update(UnsafeRawBufferPointer(rebasing: taken))
                }
                rest = rest.dropFirst(taken.count)
                place = .content(left: left - taken.count, padding: padding)
                if taken.count == left { end(padding: padding) }
            case .padding(let left):
                let taken = rest.prefix(left)
                rest = rest.dropFirst(taken.count)
                place = left == taken.count ? .header : .padding(left - taken.count)
            }
        }
    }

    private mutating func begin() {
        defer { header.removeAll(keepingCapacity: true) }
        // The end is two blocks of zeros; what follows is read as headers that name nothing.
        guard header.contains(where: { $0 != 0 }) else { return }
        let prefix = Self.text(header[345..<500])
        name = (prefix.isEmpty ? "" : prefix + "/") + Self.text(header[0..<100])
        if name.hasPrefix("./") { name.removeFirst(2) }
        size = Self.number(header[124..<136])
        let isFile = header[156] == UInt8(ascii: "0") || header[156] == 0
        hash = isFile ? SHA256() : nil
        let padding = (Self.block - size % Self.block) % Self.block
        place = .content(left: size, padding: padding)
        if size == 0 { end(padding: 0) }
    }

    private mutating func end(padding: Int) {
        if let finished = hash.take() { found[name] = (size, finished.finish()) }
        place = padding == 0 ? .header : .padding(padding)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits, or, for 8 GB and more, a binary number whose first bit is set.
    private static func number(_ field: ArraySlice<UInt8>) -> Int {
        if let first = field.first, first & 0x80 != 0 {
            return field.dropFirst().suffix(7).reduce(0) { $0 << 8 | Int($1) }
        }
        return Int(text(field).filter { $0.isNumber }, radix: 8) ?? 0
    }

    /// Compares what came with the manifest.
    ///
    /// - Returns: Where in the log the backup begins and ends.
    /// - Throws: `archiveDamaged` with the first file that differs or is missing; `path` is for its sentence.
    consuming func finish(path: String) throws(EmbeddedServerError) -> BackupManifest {
        let manifest = try BackupManifest(manifest, path: path)
        for file in manifest.files {
            guard let came = found[file.path] else {
                throw .archiveDamaged(path: path, reason: "lacks \(file.path), which its manifest names")
            }
            guard came.size == file.size, came.digest == file.digest else {
                throw .archiveDamaged(path: path, reason: "holds a \(file.path) that differs from its manifest")
            }
        }
        return manifest
    }
}

/// PostgreSQL's `backup_manifest` (version 1 and 2).
struct BackupManifest {
    struct File {
        let path: String
        let size: Int
        let digest: Digest
    }

    let files: [File]
    let first: Segment
    let last: Segment

    /// Reads it, its own checksum first.
    init(_ bytes: [UInt8], path: String) throws(EmbeddedServerError) {
        let damaged = EmbeddedServerError.archiveDamaged(path: path, reason: "has no manifest that can be read")
        let mark = Array("\"Manifest-Checksum\": \"".utf8)
        guard let start = Self.lastIndex(of: mark, in: bytes),
            let stated = Digest(
                hex: String(
                    decoding: bytes[start + mark.count..<min(bytes.count, start + mark.count + 64)], as: UTF8.self)),
            SHA256.hash(bytes[..<start]) == stated,
            let root = try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: 512 << 20)),
            let entries = root["Files"]?.elements, let range = root["WAL-Ranges"]?[0],
            let timeline = range["Timeline"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let from = range["Start-LSN"]?.string, let to = range["End-LSN"]?.string,
            let first = Segment(timeline: timeline, position: from),
            let last = Segment(timeline: timeline, position: to)
        else { throw damaged }
        self.first = first
        self.last = last
        let files = entries.compactMap(Self.file)
        guard files.count == entries.count else { throw damaged }
        self.files = files
    }

    private static func file(_ entry: JSONValue) -> File? {
        // A name that is not UTF-8 is in hexadecimal.
        let encoded = entry["Encoded-Path"]?.string.flatMap { Hex.decode($0) }
        guard let path = entry["Path"]?.string ?? encoded.map({ String(decoding: $0, as: UTF8.self) }),
            let size = entry["Size"]?.integer, entry["Checksum-Algorithm"]?.string == "SHA256",
            let digest = entry["Checksum"]?.string.flatMap({ Digest(hex: $0) })
        else { return nil }
        return File(path: path, size: Int(size), digest: digest)
    }

    private static func lastIndex(of needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        return (0...bytes.count - needle.count).reversed().first { bytes[$0...].starts(with: needle) }
    }
}
