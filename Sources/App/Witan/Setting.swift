// SPDX-License-Identifier: Apache-2.0
import Arguments
import Glibc
import SwiftExtensions

/// One setting: its name in the environment and in the file, what it takes, its default, one sentence.
struct Setting: Sendable {
    enum Kind: Sendable {
        case text
        /// A numeric address and a port, as `127.0.0.1:8080` or `[::1]:8080`.
        case address
        /// An http or https URL without user, query, fragment, and without a slash at the end.
        case webAddress
        case integer(ClosedRange<Int>)
        case duration
        case boolean
        case choice([String])
        /// Addresses and CIDR ranges with commas between them.
        case networks
    }

    let key: String
    let kind: Kind
    /// Nil for a setting that is absent unless given.
    let standard: String?
    let isSecret: Bool
    let sentence: String

    init(
        _ key: String, _ kind: Kind, _ standard: String?, secret: Bool = false, _ sentence: String
    ) {
        self.key = key
        self.kind = kind
        self.standard = standard
        isSecret = secret
        self.sentence = sentence
    }

    /// What is wrong with `text` as this setting's value; nil when nothing is.
    func problem(with text: String) -> String? {
        switch kind {
        case .text: return text.isEmpty ? "\(key) is empty" : nil
        case .address:
            guard Self.isAddress(text) else {
                return "\(key) takes a numeric address and a port such as 127.0.0.1:8080 or [::1]:8080, not '\(text)'"
            }
        case .webAddress:
            guard Self.isWebAddress(text) else {
                return "\(key) takes an address such as https://witan.example.org, not '\(text)'"
            }
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else {
                return "\(key) takes a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'"
            }
        case .duration:
            guard let duration = Duration(argument: text), duration > .zero else {
                return "\(key) takes a duration such as 500ms, 30s or 5m, not '\(text)'"
            }
        case .networks:
            if let wrong = text.split(separator: ",").first(where: { NetworkRange(String($0)) == nil }) {
                return "\(key) takes addresses or ranges such as 10.0.0.0/8, with commas between them, not '\(wrong)'"
            }
        case .boolean:
            if Bool(text) == nil { return "\(key) takes true or false, not '\(text)'" }
        case .choice(let choices):
            if !choices.contains(text) {
                return "\(key) takes one of \(choices.joined(separator: ", ")), not '\(text)'"
            }
        }
        return nil
    }

    private static func isAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            return false
        }
        let host = text[..<colon]
        var address = in6_addr()
        if host.first == "[", host.last == "]" {
            return inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
        }
        return inet_pton(AF_INET, String(host), &address) == 1
    }

    private static func isWebAddress(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let rest = text.dropFirst(scheme.count)
        return !rest.isEmpty && rest.first != "/" && rest.last != "/"
            && rest.utf8.allSatisfy { (0x21...0x7E).contains($0) } && !rest.contains { "?#@\\\"<>".contains($0) }
    }

    /// The one list: parsing, `witan settings`, the reference page and the boot report come from it.
    static let all: [Setting] = [
        Setting(
            "DATABASE_URL", .text, nil, secret: true,
            "PostgreSQL to use; without it a private one runs in the data directory."),
        Setting(
            "DIRECT_URL", .text, nil, secret: true,
            "PostgreSQL for migrations, past any pooler; DATABASE_URL unless set."),
        Setting(
            "REDIS_URL", .text, nil, secret: true,
            "Redis to use; without it a private one runs when redis-server is installed."),
        Setting(
            "ELASTICSEARCH_URL", .text, nil, secret: true,
            "Elasticsearch 8.11 or newer to search in; without it PostgreSQL searches."),
        Setting("DATABASE_POOL_MAX", .integer(1...100), "4", "Most connections to PostgreSQL per event loop."),
        Setting("DATABASE_STATEMENT_TIMEOUT", .duration, "30s", "Longest a statement may run in the server."),
        Setting("DATABASE_QUERY_TIMEOUT", .duration, "35s", "Longest the program waits for a statement."),
        Setting(
            "DATABASE_LOG_SLOW_QUERIES", .boolean, "true", "Whether slow statements are logged, without their values."),
        Setting("DATABASE_SLOW_QUERY_THRESHOLD", .duration, "1s", "From when on a statement is slow."),
        Setting("WITAN_LISTEN", .address, "127.0.0.1:8080", "Address and port of the server."),
        Setting("WITAN_DATA_DIR", .text, ".witan", "Directory of everything the program keeps by itself."),
        Setting(
            "WITAN_MASTER_KEY_FILE", .text, nil,
            "The key that seals secrets; master.key in the data directory unless set."),
        Setting(
            "WITAN_ARCHIVE_DIR", .text, nil,
            "Where retention puts its archives; archives in the data directory unless set. Nodes share it."),
        Setting(
            "WITAN_BACKUP_PLACE", .text, nil,
            "Directory or s3://bucket/prefix of backups; backups in the data directory unless set."),
        Setting("AWS_ACCESS_KEY_ID", .text, nil, "Key of the bucket that holds backups."),
        Setting("AWS_SECRET_ACCESS_KEY", .text, nil, secret: true, "Secret of that key."),
        Setting("AWS_SESSION_TOKEN", .text, nil, secret: true, "Token of a temporary key."),
        Setting("AWS_REGION", .text, "us-east-1", "Region of the bucket."),
        Setting("AWS_ENDPOINT_URL", .text, nil, "S3-compatible server in place of Amazon's, as https://host:port."),
        Setting("WITAN_POSTGRES_PROGRAMS", .text, nil, "Folder of the PostgreSQL programs for the private server."),
        Setting(
            "WITAN_WAL_ARCHIVE", .text, nil,
            "Directory for base backups and the log of the private PostgreSQL, to go back to any time."),
        Setting("WITAN_WAL_ARCHIVE_KEEP", .duration, "7d", "How far back the archive can go."),
        Setting("WITAN_WAL_ARCHIVE_TIMEOUT", .duration, "60s", "Longest that something written is not archived yet."),
        Setting("WITAN_BASE_BACKUP_EVERY", .duration, "1d", "How often the running server makes a base backup."),
        Setting(
            "WITAN_PREPARED_STATEMENTS", .boolean, "true",
            "Turn off where they cannot be kept, as by a pooler in transaction mode."),
        Setting("WITAN_LOOPS", .integer(0...64), "0", "Event loops; 0 means half the cores, at least one."),
        Setting("WITAN_MAX_HEAD_BYTES", .integer(1024...1_048_576), "32768", "Largest request line and header fields."),
        Setting("WITAN_MAX_BODY_BYTES", .integer(1024...104_857_600), "10485760", "Largest request body."),
        Setting("WITAN_MAX_CONNECTIONS", .integer(1...1_000_000), "10000", "Most open client connections."),
        Setting("WITAN_MAX_IN_FLIGHT", .integer(1...65_536), "16384", "Most governed calls at a time."),
        Setting("WITAN_IDLE_TIMEOUT", .duration, "75s", "How long an idle client connection is kept."),
        Setting("WITAN_REQUEST_TIMEOUT", .duration, "10m", "Longest a request may take in all."),
        Setting(
            "WITAN_RECORD_TIMEOUT", .duration, "5s", "How long an answer waits for its record before it is withheld."),
        Setting("WITAN_DRAIN_TIMEOUT", .duration, "30s", "How long requests may go on after the signal to stop."),
        Setting(
            "WITAN_TRUSTED_PROXIES", .networks, nil,
            "Proxies whose x-forwarded-for is believed, as addresses or ranges with commas between them."),
        Setting("WITAN_TLS_CERTIFICATE_FILE", .text, nil, "PEM certificate chain; with the key file turns on TLS."),
        Setting("WITAN_TLS_KEY_FILE", .text, nil, "PEM private key."),
        Setting(
            "WITAN_UPSTREAM_CA_FILE", .text, nil, "PEM certificates to trust for providers, in place of the system's."),
        Setting(
            "WITAN_ACCESS_TOKEN_LIFETIME", .duration, "10m",
            "How long an access token of a person lives; an hour at most."),
        Setting("WITAN_SESSION_LIFETIME", .duration, "30d", "From sign-in until a person has to sign in again."),
        Setting("WITAN_PASSWORD_RESET_LIFETIME", .duration, "1h", "How long the token of a reset mail is good."),
        Setting("WITAN_ARGON2_MEMORY", .integer(8...1024), "64", "Memory that the hash of a password takes, in MiB."),
        Setting("WITAN_ARGON2_ITERATIONS", .integer(1...16), "3", "Passes over that memory."),
        Setting(
            "WITAN_ARGON2_LANES", .integer(1...16), "4", "Lanes of it, which whoever guesses could fill at a time."),
        Setting(
            "WITAN_ARGON2_THREADS", .integer(0...64), "0",
            "Passwords hashed at a time, each by one thread; 0 means one for each core, at most eight."),
        Setting(
            "WITAN_ARGON2_QUEUE", .integer(0...4096), "32",
            "Passwords that may wait to be hashed; past it sign-ins get 503."),
        Setting(
            "WITAN_SMTP_URL", .text, nil, secret: true,
            "Mail server, as smtp://user:password@host:587; without it e-mails are shown on the terminal."),
        Setting(
            "WITAN_SMTP_CA_FILE", .text, nil,
            "PEM certificates to trust for the mail server, in place of the system's."),
        Setting("WITAN_MAIL_FROM", .text, nil, "Sender of e-mails, as Witan <witan@example.org>."),
        Setting(
            "WITAN_PUBLIC_URL", .webAddress, nil,
            "Where people reach this installation, for links and single sign-on; WITAN_LISTEN's unless set."),
        Setting(
            "WITAN_SSO_PRIVATE_ISSUERS", .boolean, "false",
            "Whether identity providers may be at private addresses and this machine's, where tenants are trusted."),
        Setting(
            "WITAN_LOG_LEVEL", .choice(["trace", "debug", "info", "warning", "error"]), "info", "Least level logged."),
    ]

    /// Names that belong to the client verbs, so that they are not unknown.
    static let clientKeys = ["WITAN_URL", "WITAN_API_KEY"]
}
