// SPDX-License-Identifier: Apache-2.0
import Foundation
import SwiftExtensions
import Testing

@testable import Mail

/// A mail server of somebody else's (aiosmtpd): Tests/EndToEnd/smtp_server.py, in a directory of its own.
final class MailServer {
    let directory: String
    let port: Int
    /// Its standard input: it ends when that does.
    private let input: UnsafeMutablePointer<FILE>

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// `auth` is a user and a password; `tls` makes a certificate for 127.0.0.1.
    init(tls: Bool = false, implicit: Bool = false, auth: [String] = []) throws {
        var template = Array("/tmp/mail-XXXXXX".utf8CString)
        mkdtemp(&template)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var options = auth.isEmpty ? "" : "--auth \(auth.map { "'\($0)'" }.joined(separator: " "))"
        if implicit { options += " --implicit" }
        if tls || implicit {
            _ = Self.output(
                """
                cd \(directory) && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>&1
                """)
            options += " --tls \(directory)/cert.pem \(directory)/key.pem"
        }
        let command = """
            exec '\(Self.root)/.venv-mail/bin/python' '\(Self.root)/Tests/EndToEnd/smtp_server.py' \(directory) \
            \(options) >\(directory)/port 2>\(directory)/log
            """
        input = try #require(popen(command, "we"))
        var found: Int?
        for _ in 0..<6000 where found == nil {
            found = (try? String(contentsOfFile: directory + "/port", encoding: .utf8)).flatMap {
                $0.hasSuffix("\n") ? Int($0.dropLast()) : nil
            }
            usleep(10_000)
        }
        port = try #require(found, "make the environment: Scripts/venv .venv-mail Tests/EndToEnd/requirements-mail.txt")
    }

    deinit {
        pclose(input)
        _ = Self.output("rm -rf \(directory)")
    }

    /// What a command of the shell prints.
    private static func output(_ command: String) -> Data {
        guard let stream = popen(command, "re") else { return Data() }
        defer { pclose(stream) }
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { data += buffer[..<count] }
        return data
    }

    var caFile: String { directory + "/cert.pem" }

    func settings(_ scheme: String = "smtp", user: String = "", options: String = "") throws -> SMTPSettings {
        var settings = try SMTPSettings(
            url: Secret("\(scheme)://\(user.isEmpty ? "" : user + "@")127.0.0.1:\(port)\(options)"), caFile: caFile)
        settings.totalTimeout = .seconds(10)
        return settings
    }

    /// The n-th message it took, as Python's own parser of e-mail reads it; nil when there is none.
    func message(_ number: Int) throws -> (envelope: [String], parsed: [String: String])? {
        guard let envelope = try? String(contentsOfFile: "\(directory)/\(number).envelope", encoding: .utf8) else {
            return nil
        }
        let script = """
            import email, email.policy, json, sys
            m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
            parts = {p.get_content_type(): p.get_content() for p in m.walk() if not p.is_multipart()}
            defects = [str(d) for p in m.walk() for d in p.defects]
            raw = open(sys.argv[1], "rb").read()
            print(json.dumps(dict(m.items()) | parts | {
                "defects": " ".join(defects), "longest": str(max(map(len, raw.split(b"\\r\\n")))),
                "bare": str(raw.replace(b"\\r\\n", b"").count(b"\\n"))}))
            """
        let data = Self.output("/usr/bin/python3 -c '\(script)' \(directory)/\(number).eml")
        let parsed = try #require(try JSONSerialization.jsonObject(with: data) as? [String: String])
        return (envelope.components(separatedBy: "\n"), parsed)
    }
}

func sample(
    to: String = "ada@example.org", subject: String = "Hello", text: String = "A line.\n", html: String? = nil
) throws -> MailMessage {
    try MailMessage(
        from: MailAddress(parsing: "Sender <sender@example.com>"), to: MailAddress(parsing: to), subject: subject,
        text: text, html: html)
}
