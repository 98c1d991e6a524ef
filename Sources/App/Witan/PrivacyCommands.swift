// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Glibc
import JSON
import SwiftExtensions

/// `witan erasures`, `witan holds`, and the exports of `witan account` and `witan users`.
enum PrivacyCommands {
    private enum Reason: String, CaseIterable, ArgumentValue {
        case purposeOver = "purpose_over"
        case consentWithdrawn = "consent_withdrawn"
        case objection, unlawful
        case legalObligation = "legal_obligation"
    }

    private static let user = Positional<String>.required("user", "the person's id, as 'witan users list' shows it")
    private static let identifier = Positional<String>.required("id", "the id, as the list shows it")
    private static let reason = Option<Reason>.value(
        "reason", "the ground (GDPR article 17)", default: .consentWithdrawn)
    private static let confirm = Option<Bool>.flag("confirm", "do it; it cannot be taken back")
    private static let matter = Positional<String>.required("matter", "the case it is for")
    private static let covered = Option<String?>.optional("user", "whose data; without it the whole organization's")
    private static let file = Positional<String>.required("file", "what 'witan erasures list --json' printed")
    private static let to = Option<String?>.optional("to", "the new file", placeholder: "FILE")

    // MARK: Erasures

    static let erasures = Command(
        name: "erasures", summary: "Erase people, and the certificates of it", example: "witan erasures list",
        subcommands: [
            Command(
                name: "create", summary: "Erase a person from the organization, for good (exit 3 without --confirm)",
                example: "witan erasures create 019f… --reason objection --confirm",
                options: APIClient.options + [reason, confirm, Commands.json], positionals: [user]
            ) { arguments in
                guard arguments[confirm] else {
                    arguments.terminal.writeError(
                        "Nothing was done. Add --confirm to erase this person; nobody can take it back.\n")
                    return .pending
                }
                let body: JSONValue = [
                    "user": .string(arguments[user]), "reason": .string(arguments[reason].rawValue),
                ]
                arguments.show(try await APIClient(arguments).send("POST", "/api/v1/erasures", body: body))
                return .done
            },
            list("The erasures, newest first", "/api/v1/erasures", example: "witan erasures list --json") {
                arguments, answer in
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [("ID", "id"), ("USER", "user"), ("ACCOUNT", "account")],
                    all: answer)
            },
            show("One erasure's certificate", "/api/v1/erasures", example: "witan erasures show 019f…"),
            Command(
                name: "replay",
                summary: "After restoring an older backup: erase again whom certificates kept elsewhere name",
                example: "witan erasures replay erasures.json", options: APIClient.options + [Commands.json],
                positionals: [file],
                run: replay),
        ])

    @Sendable private static func replay(_ arguments: ParsedArguments) async throws -> ExitCode {
        guard let text = TextFile.read(arguments[file], limit: 64 << 20),
            let certificates = (try? JSONValue(parsing: Array(text.utf8)))?["data"]?.elements
        else {
            throw CommandFailure(
                .failed, "\(arguments[file]) is not what 'witan erasures list --json' prints; keep that beside backups."
            )
        }
        let client = APIClient(arguments)
        var (done, failed) = (0, 0)
        for certificate in certificates {
            let body: JSONValue = [
                "certificate": certificate["certificate"] ?? .null, "signature": certificate["signature"] ?? .null,
            ]
            do {
                _ = try await client.send("POST", "/api/v1/erasures/replay", body: body)
                done += 1
            } catch let failure as CommandFailure {
                guard failure.code != .unreachable else { throw failure }
                failed += 1
                let name = certificate["user"]?.string ?? "?"
                arguments.terminal.writeError("\(name): \(failure.message)\n")
            }
        }
        arguments.tell(
            "\(done) erased again, \(failed) not.",
            ["erased": .number(JSONNumber(Int64(done))), "refused": .number(JSONNumber(Int64(failed)))])
        return .done
    }

    // MARK: Holds

    static let holds = Command(
        name: "holds", summary: "Legal holds: nothing they cover is erased or dropped", example: "witan holds list",
        subcommands: [
            Command(
                name: "place", summary: "Place a hold", example: "witan holds place 'Case 12/2026' --user 019f…",
                options: APIClient.options + [covered, Commands.json], positionals: [matter]
            ) { arguments in
                var members = [JSONMember("matter", .string(arguments[matter]))]
                if let user = arguments[covered] { members.append(JSONMember("user", .string(user))) }
                let answer = try await APIClient(arguments).send("POST", "/api/v1/legal-holds", body: .object(members))
                arguments.show(answer)
                return .done
            },
            list("The holds, newest first", "/api/v1/legal-holds", example: "witan holds list") { arguments, answer in
                arguments.show(
                    answer["data"]?.elements ?? [],
                    columns: [("ID", "id"), ("MATTER", "matter"), ("RELEASED", "released_at")], all: answer)
            },
            show("One hold", "/api/v1/legal-holds", example: "witan holds show 019f…"),
            Command(
                name: "release", summary: "End a hold for good", example: "witan holds release 019f…",
                options: APIClient.options + [Commands.json], positionals: [identifier]
            ) { arguments in
                let path = "/api/v1/legal-holds/\(PercentEncoding.encode(arguments[identifier]))"
                _ = try await APIClient(arguments).send("DELETE", path)
                arguments.tell("Released.", [:])
                return .done
            },
        ])

    private static func list(
        _ summary: String, _ path: String, example: String,
        tell: @escaping @Sendable (ParsedArguments, JSONValue) -> Void
    ) -> Command {
        Command(
            name: "list", summary: summary, example: example, options: APIClient.options + [Commands.json]
        ) { arguments in
            tell(arguments, try await APIClient(arguments).all(path))
            return .done
        }
    }

    private static func show(_ summary: String, _ path: String, example: String) -> Command {
        Command(
            name: "show", summary: summary, example: example, options: APIClient.options + [Commands.json],
            positionals: [identifier]
        ) { arguments in
            let path = "\(path)/\(PercentEncoding.encode(arguments[identifier]))"
            arguments.show(try await APIClient(arguments).send("GET", path))
            return .done
        }
    }

    // MARK: Exports

    /// `witan account export`.
    static let exportOwn = Command(
        name: "export", summary: "Everything the organization holds about you, as a tar archive",
        example: "witan account export --to me.tar", options: APIClient.options + [to, Commands.json]
    ) { arguments in
        try await export("/api/v1/account/export", arguments)
    }

    /// `witan users export`.
    static let exportUser = Command(
        name: "export", summary: "Everything the organization holds about a person, as a tar archive",
        example: "witan users export 019f… --to person.tar", options: APIClient.options + [to, Commands.json],
        positionals: [user]
    ) { arguments in
        try await export("/api/v1/users/\(PercentEncoding.encode(arguments[user]))/export", arguments)
    }

    private static func export(_ path: String, _ arguments: ParsedArguments) async throws -> ExitCode {
        guard let name = arguments[to] else { throw arguments.usageError("--to names the file to write") }
        let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.failed, "Cannot make \(name): \(String(cString: strerror(errno))).")
        }
        var total = 0
        do {
            defer { close(descriptor) }
            try await APIClient(arguments).download(path) { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                    guard count > 0 else {
                        throw CommandFailure(.failed, "Cannot write \(name): \(String(cString: strerror(errno))).")
                    }
                    rest = rest.dropFirst(count)
                }
                total += bytes.count
            }
        } catch {
            // Half an archive would pass for one.
            unlink(name)
            throw error
        }
        arguments.tell(
            "\(name): \(total) bytes", ["file": .string(name), "bytes": .number(JSONNumber(Int64(total)))])
        return .done
    }
}

extension ParsedArguments {
    /// A sentence, or the same as JSON where that was asked for.
    fileprivate func tell(_ sentence: String, _ value: JSONValue) {
        terminal.write((self[Commands.json] ? value.description : sentence) + "\n")
    }
}
