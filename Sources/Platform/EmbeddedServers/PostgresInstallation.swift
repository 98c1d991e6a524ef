// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// PostgreSQL's server programs on this machine.
struct PostgresInstallation: Sendable, Equatable {
    /// The first major version with everything that is used.
    static let oldestMajor = 15
    private static let debianRoot = "/usr/lib/postgresql"

    /// The folder of `postgres` and `initdb`.
    let folder: String
    let major: Int

    /// The folder given, else Debian's: the one of the data's major version when it is there, else the newest.
    ///
    /// - Throws: `postgresMissing`, `unsupportedVersion`, `wrongMajorVersion`.
    static func find(
        folder: String?, dataMajor: Int?, dataPath: String, root: String = debianRoot
    ) throws(EmbeddedServerError) -> PostgresInstallation {
        let installation: PostgresInstallation
        if let folder {
            installation = try PostgresInstallation(folder: folder)
        } else {
            installation = try newest(in: root, preferring: dataMajor)
        }
        guard installation.major >= oldestMajor else {
            throw .unsupportedVersion(folder: installation.folder, found: "\(installation.major)")
        }
        if let dataMajor, dataMajor != installation.major {
            throw .wrongMajorVersion(
                path: dataPath, data: "\(dataMajor)", programs: installation.major, folder: installation.folder)
        }
        return installation
    }

    private static func newest(
        in root: String, preferring wanted: Int?
    ) throws(EmbeddedServerError) -> PostgresInstallation {
        let found = (fileNames(in: root) ?? []).compactMap { name -> PostgresInstallation? in
            guard let major = Int(name) else { return nil }
            let folder = "\(root)/\(name)/bin"
            return isComplete(folder) ? PostgresInstallation(folder: folder, major: major) : nil
        }
        let best = found.first { $0.major == wanted } ?? found.max { $0.major < $1.major }
        guard let best else { throw .postgresMissing(searched: ["\(root)/*/bin"]) }
        return best
    }

    private static func isComplete(_ folder: String) -> Bool {
        access(folder + "/postgres", X_OK) == 0 && access(folder + "/initdb", X_OK) == 0
    }

    private init(folder: String, major: Int) {
        self.folder = folder
        self.major = major
    }

    /// Asks `postgres --version`, which it answers to root too: `postgres (PostgreSQL) 15.20 (Debian …)`.
    private init(folder: String) throws(EmbeddedServerError) {
        guard Self.isComplete(folder) else { throw .postgresMissing(searched: [folder]) }
        let answer = Self.output(of: folder + "/postgres", "--version")
        let version = answer.split(separator: " ").dropFirst(2).first ?? ""
        guard let major = Int(version.prefix { $0.isNumber }) else {
            throw .unsupportedVersion(folder: folder, found: answer.isEmpty ? "an unknown version" : answer)
        }
        self.init(folder: folder, major: major)
    }

    private static func output(of program: String, _ argument: String) -> String {
        guard let quoted = shellQuoted(program), let stream = popen("\(quoted) \(argument)", "re") else { return "" }
        defer { pclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private static func shellQuoted(_ text: String) -> String? {
        text.contains("'") ? nil : "'\(text)'"
    }
}
