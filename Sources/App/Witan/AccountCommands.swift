// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON
import QRCode

/// `witan account`: what a person does with their own password and second factor. They sign in first; passwords and
/// codes are asked for, never given as arguments, which `ps` shows.
enum AccountCommands {
    private static let email = Positional<String>.required("email", "the account's address")
    private static let path = "/api/v1/account/second-factor"

    static let command = Command(
        name: "account", summary: "Your own password, second factor and data",
        example: "witan account second-factor setup",
        subcommands: [password, forgotten, reset, secondFactor, PrivacyCommands.exportOwn])

    // MARK: Passwords

    private static let password = Command(
        name: "password", summary: "Change your password, and sign your other devices out",
        example: "WITAN_API_KEY=$ACCESS_TOKEN witan account password", options: APIClient.options + [Commands.json]
    ) { arguments in
        let old = try ask(arguments, "Password:")
        let new = try ask(arguments, "New password:")
        _ = try await APIClient(arguments).send(
            "POST", "/api/v1/account/password", body: ["password": .string(old), "new_password": .string(new)])
        return say("The password is changed. Your other devices are signed out.", arguments)
    }

    private static let forgotten = Command(
        name: "forgot-password", summary: "Have a mail sent that lets you set a new password",
        example: "witan account forgot-password ada@example.org", options: [APIClient.url, Commands.json],
        positionals: [email]
    ) { arguments in
        arguments.show(
            try await APIClient(arguments).send(
                "POST", "/api/v1/password-resets", body: ["email": .string(arguments[email])]))
        return .done
    }

    private static let reset = Command(
        name: "reset-password", summary: "Set a forgotten password, with the token of the mail",
        example: "witan account reset-password", options: [APIClient.url, Commands.json]
    ) { arguments in
        let token = try ask(arguments, "Token of the mail:")
        let new = try ask(arguments, "New password:")
        _ = try await APIClient(arguments).send(
            "POST", "/api/v1/password-resets/confirm", body: ["token": .string(token), "new_password": .string(new)])
        return say("The password is set. All your devices are signed out.", arguments)
    }

    // MARK: The second factor

    private static let secondFactor = Command(
        name: "second-factor", summary: "The authenticator that proves beside the password who you are",
        example: "witan account second-factor setup", subcommands: [show, setUp, codes, remove])

    private static let show = Command(
        name: "show", summary: "Whether you have one, and how many recovery codes are left",
        example: "witan account second-factor show", options: APIClient.options + [Commands.json]
    ) { arguments in
        arguments.show(try await APIClient(arguments).send("GET", path))
        return .done
    }

    private static let setUp = Command(
        name: "setup", summary: "Set up an authenticator: scan the code, type what it shows, keep the recovery codes",
        example: "witan account second-factor setup", options: APIClient.options + [Commands.json]
    ) { arguments in
        let client = APIClient(arguments)
        let password = arguments.terminal.askSecret("Password (nothing when you have none):") ?? ""
        let begun = try await client.send(
            "POST", path, body: ["password": password.isEmpty ? .null : .string(password)])
        guard let uri = begun["uri"]?.string, let secret = begun["secret"]?.string else {
            throw CommandFailure(.failed, "The server's answer has no secret in it.")
        }
        if arguments[Commands.json] {
            arguments.show(["secret": .string(secret), "uri": .string(uri)])
        } else {
            arguments.terminal.write(
                "Scan this with an authenticator, or type the secret into it:\n\n\(try QRMatrix(uri).terminalText)\n"
                    + "\(secret)\n\n")
        }
        let code = try ask(arguments, "Code that it shows:")
        let answer = try await client.send("POST", "\(path)/confirm", body: ["code": .string(code)])
        if !arguments[Commands.json] { arguments.terminal.write("The second factor is on.\n") }
        showCodes(answer, arguments)
        return .done
    }

    private static let codes = Command(
        name: "recovery-codes", summary: "Get new recovery codes; those before are void",
        example: "witan account second-factor recovery-codes", options: APIClient.options + [Commands.json]
    ) { arguments in
        let code = try ask(arguments, "Code of the authenticator:")
        let answer = try await APIClient(arguments).send(
            "POST", "\(path)/recovery-codes", body: ["code": .string(code)])
        showCodes(answer, arguments)
        return .done
    }

    private static let remove = Command(
        name: "remove", summary: "Take the second factor away", example: "witan account second-factor remove",
        options: APIClient.options + [Commands.json]
    ) { arguments in
        let password = try ask(arguments, "Password:")
        let code = try askCode(arguments)
        _ = try await APIClient(arguments).send(
            "POST", "\(path)/removal", body: .object([JSONMember("password", .string(password)), code]))
        return say("The second factor is off.", arguments)
    }

    private static func say(_ sentence: String, _ arguments: ParsedArguments) -> ExitCode {
        arguments.terminal.write(arguments[Commands.json] ? "{}\n" : sentence + "\n")
        return .done
    }

    private static func showCodes(_ answer: JSONValue, _ arguments: ParsedArguments) {
        if arguments[Commands.json] { return arguments.show(answer) }
        let codes = (answer["recovery_codes"]?.elements ?? []).compactMap(\.string)
        arguments.terminal.write(
            "Keep these recovery codes where you find them without your phone; each is good once:\n\n"
                + codes.map { "    \($0)\n" }.joined())
    }

    /// Asks for a code; six digits are an authenticator's, anything else is a recovery code.
    static func askCode(_ arguments: ParsedArguments, field: String = "code") throws -> JSONMember {
        let code = try ask(arguments, "Code of the authenticator, or a recovery code:")
        let isShort = code.utf8.count == 6 && code.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return JSONMember(isShort ? field : "recovery_code", .string(code))
    }

    private static func ask(_ arguments: ParsedArguments, _ question: String) throws -> String {
        guard let text = arguments.terminal.askSecret(question), !text.isEmpty else {
            throw arguments.usageError("nothing was given for '\(question.dropLast())'")
        }
        return text
    }
}
