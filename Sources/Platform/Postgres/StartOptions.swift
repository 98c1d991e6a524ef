// SPDX-License-Identifier: Apache-2.0
import CLibpq
import SwiftExtensions

extension PostgresConfiguration {
    /// What libpq is given: the connection string first, then what overrides it.
    func startParameters() throws(PostgresError) -> [(String, String)] {
        var options = try optionsInConnectionString()
        if preparedStatements {
            options += " -c statement_timeout=\(statementTimeout.wholeMilliseconds)"
            options += " -c idle_in_transaction_session_timeout=60000"
        }
        if let role { options += " -c role=\(escaped(role))" }
        return [
            ("dbname", connectionString.reveal()), ("application_name", applicationName), ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))), ("options", options),
            ("keepalives_idle", "30"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
        ]
    }

    /// The `options` of the connection string itself, which ours would otherwise replace.
    private func optionsInConnectionString() throws(PostgresError) -> String {
        var message: UnsafeMutablePointer<CChar>?
        let parsed = unsafe PQconninfoParse(connectionString.reveal(), &message)
        defer { unsafe PQconninfoFree(parsed) }
        guard var option = unsafe parsed else {
            // libpq's message may quote the string, and with it a password.
            unsafe PQfreemem(message)
            throw .connection("the connection string is neither a postgresql:// URL nor key=value pairs")
        }
        while let keyword = unsafe option.pointee.keyword {
            if unsafe String(cString: keyword) == "options", let value = unsafe option.pointee.val {
                return unsafe String(cString: value)
            }
            unsafe option += 1
        }
        return ""
    }

    /// Spaces and backslashes of an option need a backslash (libpq, `options`).
    private func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            if character == " " || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
