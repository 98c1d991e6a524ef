// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON
import Mail
import SwiftExtensions

extension Configuration {
    /// Where e-mail leaves: the mail server, or the terminal when none is set.
    func mailSender(_ write: @escaping @Sendable (String) -> Void) throws(CommandFailure) -> any MailSender {
        guard let url = self["WITAN_SMTP_URL"] else {
            return ConsoleMailSender(
                note: "An e-mail, shown here and not sent because WITAN_SMTP_URL is not set:", write: write)
        }
        do {
            return SMTPSender(settings: try SMTPSettings(url: Secret(url), caFile: self["WITAN_SMTP_CA_FILE"]))
        } catch {
            throw CommandFailure(.usage, "WITAN_SMTP_URL: \(error.description)")
        }
    }

    /// Whom e-mails are from.
    func mailFrom() throws(CommandFailure) -> MailAddress {
        do {
            return try MailAddress(parsing: self["WITAN_MAIL_FROM"] ?? "Witan <witan@localhost>")
        } catch {
            throw CommandFailure(.usage, "WITAN_MAIL_FROM: \(error.description)")
        }
    }

    /// Where people reach this installation, without a slash at the end.
    var publicURL: String {
        if let url = self["WITAN_PUBLIC_URL"] { return url }
        let host = text("WITAN_LISTEN").replacing("0.0.0.0", with: "127.0.0.1").replacing("[::]", with: "[::1]")
        return "\(self["WITAN_TLS_KEY_FILE"] == nil ? "http" : "https")://\(host)"
    }
}

/// `witan mail`.
enum MailCommands {
    private static let address = Positional<String>.required("address", "whom to write to")

    static let command = Command(
        name: "mail", summary: "Try the settings for e-mail", example: "witan mail test ada@example.org",
        subcommands: [
            Command(
                name: "test", summary: "Send one e-mail now, without the server, and say what became of it",
                example: "witan mail test ada@example.org",
                options: [Commands.configFile, Commands.json], positionals: [address], run: test)
        ])

    @Sendable private static func test(_ arguments: ParsedArguments) async throws -> ExitCode {
        let configuration = try Configuration.load(file: arguments[Commands.configFile], overrides: [:])
        let terminal = arguments.terminal
        // With --json, standard output is for the JSON.
        let sender = try configuration.mailSender(arguments[Commands.json] ? terminal.writeError : terminal.write)
        let from = try configuration.mailFrom()
        do throws(MailError) {
            let message = try MailMessage(
                from: from, to: try MailAddress(parsing: arguments[address]), subject: "A test of Witan's e-mail",
                text: "E-mail from Witan reaches you. Links in it lead to \(configuration.publicURL).\n")
            try await sender.send(message)
            let isSent = configuration["WITAN_SMTP_URL"] != nil
            if arguments[Commands.json] {
                arguments.show(["message_id": .string(message.id), "sent": .bool(isSent)])
            } else if isSent {
                arguments.terminal.write("The mail server has taken the message \(message.id).\n")
            }
            return .done
        } catch {
            throw CommandFailure(error.isTransient ? .unreachable : .failed, error.description)
        }
    }
}
