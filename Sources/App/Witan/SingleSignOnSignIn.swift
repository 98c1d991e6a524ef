// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Cryptography
import EventLoop
import HTTPServer
import JSON
import SwiftExtensions

/// `witan sso sign-in`: the person signs in with their browser, which comes back to this program (RFC 8252 §7.3).
enum SingleSignOnSignIn {
    private static let identifier = Positional<String>.required("id", "the provider's id")
    private static let device = Option<String?>.optional("device", "what to call this device in the list")

    static let command = Command(
        name: "sign-in", summary: "Sign in with your browser at an identity provider; shows the session's tokens",
        example: "witan sso sign-in 019f… --json", options: [APIClient.url, device, Commands.json],
        positionals: [identifier], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let verifier = Base64.encode(Memory.random(32), .url)
        let state = Base64.encode(Memory.random(16), .url)
        let (answers, answer) = AsyncStream.makeStream(of: Result<String, CommandFailure>.self)
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(address: "127.0.0.1:0"), loops: [EventLoop(name: "sign-in")]
        ) { request in
            guard let result = Self.read(request, state: state) else { return HTTPResponse(status: 404) }
            answer.yield(result)
            return HTTPResponse(
                status: 200, headers: [("content-type", "text/plain; charset=utf-8")],
                body: .bytes(Array("You can close this page and go back to the terminal.\n".utf8)))
        }
        let port = try server.start()
        arguments.terminal.writeError(
            "Sign in with your browser at this address, within ten minutes:\n\n  "
                + start(arguments, port: port, verifier: verifier, state: state) + "\n\n")
        let result = await first(of: answers)
        // The browser gets its page first.
        await server.drain(within: .seconds(1))
        let code = try result.get()
        var members = [JSONMember("code", .string(code)), JSONMember("code_verifier", .string(verifier))]
        if let name = arguments[device] { members.append(JSONMember("device", .string(name))) }
        arguments.show(try await APIClient(arguments).send("POST", "/api/v1/sso/tokens", body: .object(members)))
        return .done
    }

    private static func start(_ arguments: ParsedArguments, port: Int, verifier: String, state: String) -> String {
        var base = arguments[APIClient.url]
        while base.hasSuffix("/") { base.removeLast() }
        let challenge = Base64.encode(SHA256.hash(verifier.utf8).bytes, .url)
        let back = PercentEncoding.encode("http://127.0.0.1:\(port)/signed-in")
        return "\(base)/api/v1/sso/\(PercentEncoding.encode(arguments[identifier]))/start?redirect_uri=\(back)"
            + "&code_challenge=\(challenge)&code_challenge_method=S256&state=\(state)"
    }

    /// Nil for what is not the answer to this sign-in.
    private static func read(_ request: HTTPRequest, state: String) -> Result<String, CommandFailure>? {
        guard request.path == "/signed-in", request.queryItem("state") == state else { return nil }
        if let code = request.queryItem("code") { return .success(code) }
        let reason = request.queryItem("error_description") ?? request.queryItem("error") ?? "no reason given"
        // Nothing that a terminal would act on.
        let shown = String(String.UnicodeScalarView(reason.unicodeScalars.filter { (0x20..<0x7F).contains($0.value) }))
        return .failure(CommandFailure(.failed, "You were not signed in: \(shown.prefix(200))."))
    }

    private static func first(
        of answers: AsyncStream<Result<String, CommandFailure>>
    ) async -> Result<String, CommandFailure> {
        await withTaskGroup(of: Result<String, CommandFailure>.self) { group in
            group.addTask {
                for await answer in answers { return answer }
                return .failure(CommandFailure(.failed, "The sign-in was given up."))
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(600))
                return .failure(CommandFailure(.failed, "Nobody signed in within ten minutes."))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(CommandFailure(.failed, "The sign-in was given up."))
        }
    }
}
