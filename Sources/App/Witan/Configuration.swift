// SPDX-License-Identifier: Apache-2.0
import Arguments
import Glibc
import SwiftExtensions

/// The settings as they are in force: from the command line, the environment, the file, or their defaults.
struct Configuration: Sendable {
    enum Source: String, Sendable { case commandLine = "command line", environment, file, standard = "default" }

    private var values: [String: (text: String, source: Source)] = [:]

    /// Reads everything and reports everything that is wrong, at once.
    static func load(file: String?, overrides: [String: String]) throws -> Configuration {
        var problems: [String] = []
        var configuration = Configuration()
        for setting in Setting.all {
            if let standard = setting.standard { configuration.values[setting.key] = (standard, .standard) }
        }
        let fromFile = try file.map { try read(file: $0, problems: &problems) } ?? [:]
        configuration.take(fromFile, from: .file, problems: &problems)
        configuration.take(environment(problems: &problems), from: .environment, problems: &problems)
        configuration.take(overrides, from: .commandLine, problems: &problems)
        if (configuration["WITAN_TLS_CERTIFICATE_FILE"] == nil) != (configuration["WITAN_TLS_KEY_FILE"] == nil) {
            problems.append("WITAN_TLS_CERTIFICATE_FILE and WITAN_TLS_KEY_FILE belong together; set both or neither")
        }
        if configuration["WITAN_WAL_ARCHIVE"] != nil, configuration["DATABASE_URL"] != nil {
            problems.append(
                "WITAN_WAL_ARCHIVE is for the private PostgreSQL; the one of DATABASE_URL is archived where it runs")
        }
        if configuration["WITAN_SMTP_URL"] != nil, configuration["WITAN_MAIL_FROM"] == nil {
            problems.append("WITAN_SMTP_URL needs WITAN_MAIL_FROM, the sender of e-mails")
        }
        guard problems.isEmpty else {
            throw CommandFailure(.usage, problems.joined(separator: "\n       "))
        }
        return configuration
    }

    private mutating func take(_ found: [String: String], from source: Source, problems: inout [String]) {
        for (key, text) in found.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting.all.first(where: { $0.key == key }) else {
                problems.append("\(key) (\(source.rawValue)) is not a setting; 'witan settings' lists them")
                continue
            }
            if let problem = setting.problem(with: text) {
                problems.append("\(problem) (\(source.rawValue))")
            } else {
                values[key] = (text, source)
            }
        }
    }

    /// Our settings in the environment; a name that begins with WITAN_ and is none of them is an error.
    private static func environment(problems: inout [String]) -> [String: String] {
        var found: [String: String] = [:]
        var entry = environ
        while let pair = entry.pointee {
            let text = String(cString: pair)
            entry += 1
            guard let mark = text.firstIndex(of: "=") else { continue }
            let key = String(text[..<mark])
            let isOurs = key.hasPrefix("WITAN_") && !Setting.clientKeys.contains(key)
            if isOurs || Setting.all.contains(where: { $0.key == key }) {
                found[key] = String(text[text.index(after: mark)...])
            }
        }
        return found
    }

    /// Lines of `KEY=value`; empty lines and those that begin with `#` do not count.
    private static func read(file: String, problems: inout [String]) throws -> [String: String] {
        guard let content = TextFile.read(file, limit: 1 << 20) else {
            throw CommandFailure(.usage, "The settings file \(file) cannot be read; check its path and owner.")
        }
        var found: [String: String] = [:]
        for (number, line) in content.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.drop { $0 == " " }
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            guard let mark = trimmed.firstIndex(of: "=") else {
                problems.append("line \(number + 1) of \(file) is not KEY=value")
                continue
            }
            found[String(trimmed[..<mark])] = String(trimmed[trimmed.index(after: mark)...])
        }
        return found
    }

    // MARK: Values

    /// The text of a setting; nil when it is absent.
    subscript(key: String) -> String? { values[key]?.text }

    func source(of key: String) -> Source? { values[key]?.source }

    /// A setting that has a default.
    func text(_ key: String) -> String {
        guard let text = self[key] else { preconditionFailure("\(key) has no default") }
        return text
    }

    func integer(_ key: String) -> Int {
        guard let number = Int(text(key)) else { preconditionFailure("\(key) was checked when it was read") }
        return number
    }

    func duration(_ key: String) -> Duration {
        guard let duration = Duration(argument: text(key)) else {
            preconditionFailure("\(key) was checked when it was read")
        }
        return duration
    }

    func boolean(_ key: String) -> Bool { text(key) == "true" }
}
