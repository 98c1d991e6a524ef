// SPDX-License-Identifier: Apache-2.0
import JSON
import Providers
import SwiftExtensions

/// What the sandbox says to a request: its last message, shaped by the request's own fields. Pure but for the clock.
struct SandboxAnswer: Sendable {
    /// One piece a chunk; together the text.
    private let pieces: [String]
    private let finishReason: String
    private let toolName: String?
    private let model: String
    private let choices: Int64
    private let usage: TokenUsage
    private let wantsLogprobs: Bool
    private let created = Timestamp.now().seconds
    private let id = "chatcmpl-\(Hex.encode(UniqueID.v7().bytes))"

    init(_ request: ChatRequest, model: String) {
        let root = request.text.root
        self.model = model
        choices = request.choices
        wantsLogprobs = root["logprobs"]?.bool ?? false
        toolName = Self.forcedTool(root)
        let said = Self.lastMessage(root)
        var text = "[sandbox] You said: \(said)"
        var reason = "stop"
        if toolName != nil {
            text = JSONValue.object([JSONMember("input", .string(said))]).description
            reason = "tool_calls"
        } else if let format = root["response_format"]?["type"]?.string, format != "text" {
            text = JSONValue.object([JSONMember("sandbox", true), JSONMember("said", .string(said))]).description
        } else {
            for stop in Self.stops(root) {
                if let range = text.firstRange(of: stop) { text = String(text[..<range.lowerBound]) }
            }
            if let limit = request.maximumTokens, TokenEstimate.tokens(bytes: text.utf8.count) > limit {
                text = text.prefix(bytes: Int(limit) * 4)
                reason = "length"
            }
        }
        finishReason = reason
        pieces = Self.pieces(text)
        usage = TokenUsage(
            input: TokenEstimate.tokens(bytes: request.inputBytes),
            output: TokenEstimate.tokens(bytes: text.utf8.count) * request.choices, estimated: false)
    }

    /// The whole answer.
    var completion: [UInt8] {
        let text = pieces.joined()
        let message: JSONValue =
            toolName.map { ["role": "assistant", "content": nil, "tool_calls": [toolCall($0, text)]] }
            ?? ["role": "assistant", "content": .string(text), "refusal": nil]
        let all: [JSONValue] = (0..<choices).map { index in
            [
                "index": .number(JSONNumber(index)), "message": message, "logprobs": logprobs(pieces),
                "finish_reason": .string(finishReason),
            ]
        }
        return head("chat.completion", choices: all, usage: usageObject).bytes
    }

    /// The answer as chunks, usage and `[DONE]`.
    var events: [[UInt8]] {
        var events: [[UInt8]] = []
        func emit(_ delta: (Int64) -> JSONValue, finish: JSONValue = nil, logprobs: JSONValue = nil) {
            let all: [JSONValue] = (0..<choices).map { index in
                [
                    "index": .number(JSONNumber(index)), "delta": delta(index), "logprobs": logprobs,
                    "finish_reason": finish,
                ]
            }
            events.append(Self.event(head("chat.completion.chunk", choices: all, usage: nil)))
        }
        if let toolName {
            emit { _ in ["role": "assistant", "content": nil, "tool_calls": [toolCall(toolName, "", index: 0)]] }
            for piece in pieces {
                emit { _ in ["tool_calls": [["index": 0, "function": ["arguments": .string(piece)]]]] }
            }
        } else {
            emit { _ in ["role": "assistant", "content": ""] }
            for piece in pieces { emit({ _ in ["content": .string(piece)] }, logprobs: logprobs([piece])) }
        }
        emit({ _ in [:] }, finish: .string(finishReason))
        events.append(Self.event(head("chat.completion.chunk", choices: [], usage: usageObject)))
        events.append(Array("data: [DONE]\n\n".utf8))
        return events
    }

    private func head(_ object: String, choices: [JSONValue], usage: JSONValue) -> JSONValue {
        [
            "id": .string(id), "object": .string(object), "created": .number(JSONNumber(created)),
            "model": .string(model), "choices": .array(choices), "usage": usage,
        ]
    }

    private var usageObject: JSONValue {
        [
            "prompt_tokens": .number(JSONNumber(usage.input)), "completion_tokens": .number(JSONNumber(usage.output)),
            "total_tokens": .number(JSONNumber(usage.input + usage.output)),
        ]
    }

    private func toolCall(_ name: String, _ arguments: String, index: Int64? = nil) -> JSONValue {
        var members = [
            JSONMember("id", "call_sandbox"), JSONMember("type", "function"),
            JSONMember("function", ["name": .string(name), "arguments": .string(arguments)]),
        ]
        if let index { members.insert(JSONMember("index", .number(JSONNumber(index))), at: 0) }
        return .object(members)
    }

    private func logprobs(_ tokens: [String]) -> JSONValue {
        guard wantsLogprobs, toolName == nil else { return nil }
        return [
            "content": .array(
                tokens.map { token in
                    [
                        "token": .string(token), "logprob": 0,
                        "bytes": .array(token.utf8.map { .number(JSONNumber(Int64($0))) }), "top_logprobs": [],
                    ]
                }), "refusal": nil,
        ]
    }

    private static func event(_ value: JSONValue) -> [UInt8] {
        Array("data: ".utf8) + value.bytes + Array("\n\n".utf8)
    }

    /// The text of the last message, of its text parts if it has parts.
    private static func lastMessage(_ root: JSONView) -> String {
        guard let content = root["messages"]?.elements.last?["content"] else { return "" }
        if let text = content.string { return text }
        guard content.kind == .array else { return "" }
        return content.elements.compactMap { $0["text"]?.string }.joined(separator: " ")
    }

    /// The tool that the client insists on; the sandbox calls none on its own.
    private static func forcedTool(_ root: JSONView) -> String? {
        guard let tools = root["tools"], tools.kind == .array, let choice = root["tool_choice"] else { return nil }
        if choice.string == "required" { return tools.elements.first?["function"]?["name"]?.string }
        return choice["function"]?["name"]?.string
    }

    private static func stops(_ root: JSONView) -> [String] {
        guard let stop = root["stop"] else { return [] }
        if let one = stop.string { return one.isEmpty ? [] : [one] }
        return stop.kind == .array ? stop.elements.compactMap(\.string).filter { !$0.isEmpty } : []
    }

    /// Words with the space before them, as tokenizers cut text.
    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        for character in text {
            if character == " " || pieces.isEmpty { pieces.append("") }
            pieces[pieces.count - 1].append(character)
        }
        return pieces
    }
}

extension String {
    /// As many whole Unicode scalars from the front as fit so many bytes of UTF-8.
    fileprivate func prefix(bytes limit: Int) -> String {
        var end = utf8.index(startIndex, offsetBy: limit, limitedBy: endIndex) ?? endIndex
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
