// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan chat`.
enum ChatCommand {
    private static let prompt = Positional<String>.required("prompt", "what to say")
    private static let model = Option<String>.value("model", "provider/model", short: "m", default: "sandbox/echo")
    private static let stream = Option<Bool>.flag("stream", "print the answer as it comes")

    static let command = Command(
        name: "chat", summary: "One governed call", example: "witan chat \"Hello\" --model sandbox/echo --stream",
        options: APIClient.options + [model, stream, Commands.json], positionals: [prompt], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let client = APIClient(arguments)
        var members = [
            JSONMember("model", .string(arguments[model])),
            JSONMember("messages", [["role": "user", "content": .string(arguments[prompt])]]),
        ]
        guard arguments[stream] else {
            let answer = try await client.send("POST", "/v1/chat/completions", body: .object(members))
            let text = answer["choices"]?[0]?["message"]?["content"]?.string
            arguments.terminal.write(
                (arguments[Commands.json] ? answer.description : text ?? answer.description) + "\n")
            return .done
        }
        members.append(JSONMember("stream", true))
        try await client.stream("/v1/chat/completions", body: .object(members)) { data in
            guard let chunk = try? JSONValue(parsing: data) else { return }
            if let error = chunk["error"]?["message"]?.string { throw CommandFailure(.failed, error) }
            if arguments[Commands.json] {
                arguments.terminal.write(chunk.description + "\n")
            } else if let text = chunk["choices"]?[0]?["delta"]?["content"]?.string {
                arguments.terminal.write(text)
            }
        }
        if !arguments[Commands.json] { arguments.terminal.write("\n") }
        return .done
    }
}
