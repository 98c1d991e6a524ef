// SPDX-License-Identifier: Apache-2.0
package import Core
package import JSON

/// A chat completion as the client sent it: the few fields that governing needs are read, every other byte stays
/// as it came and goes upstream untouched.
package struct ChatRequest: Sendable {
    /// The whole body.
    package let text: JSONText
    /// What it asks to be answered by.
    package let model: ModelReference
    /// Whether it wants the answer as events.
    package let stream: Bool
    /// Whether the client asked for the usage chunk of a stream.
    package let includeUsage: Bool
    /// The client's bound on output tokens, if it set one.
    package let maximumTokens: Int64?
    /// How many answers it wants; 1 when it does not say.
    package let choices: Int64
    /// UTF-8 bytes of everything that counts as input, for estimates.
    package let inputBytes: Int

    let modelView: JSONView
    let streamOptions: JSONView?

    private static let fields = [
        "model", "messages", "stream", "stream_options", "max_completion_tokens", "max_tokens", "n", "tools",
    ]

    /// Reads `body`. Malformed JSON, a missing model or messages, and fields of the wrong type are refused with the
    /// field's name; a governed field that stands there twice is refused, since two readers could see two requests.
    package init(body: [UInt8]) throws(DomainError) {
        do {
            text = try JSONText(validating: body)
        } catch {
            throw DomainError(
                .invalid, code: "invalid_json", "The body is not valid JSON: \(error.description).", shouldRetry: false)
        }
        let root = text.root
        guard root.kind == .object else {
            throw DomainError(.invalid, code: "invalid_json", "The body must be a JSON object.", shouldRetry: false)
        }
        if let twice = root.firstDuplicateKey() {
            throw Self.refuse(String(twice.prefix(100)), "stands in the body twice; send it once")
        }
        let found = root.members(named: Self.fields)
        guard let model = found[0], let name = model.string, !name.isEmpty else {
            throw Self.refuse("model", "must be a string such as sandbox/echo")
        }
        guard let messages = found[1], messages.kind == .array, !messages.elements.isEmpty else {
            throw Self.refuse("messages", "must be an array with at least one message")
        }
        modelView = model
        self.model = ModelReference(name)
        stream = try Self.flag(found[2], "stream")
        streamOptions = found[3].flatMap { $0.isNull ? nil : $0 }
        if let options = streamOptions, options.kind != .object {
            throw Self.refuse("stream_options", "must be an object")
        }
        if let twice = streamOptions?.firstDuplicateKey() {
            throw Self.refuse("stream_options.\(twice.prefix(100))", "stands in the body twice; send it once")
        }
        includeUsage = try Self.flag(streamOptions?["include_usage"], "stream_options.include_usage")
        let completionTokens = try Self.count(found[4], "max_completion_tokens")
        let tokens = try Self.count(found[5], "max_tokens")
        maximumTokens = completionTokens ?? tokens
        choices = try Self.count(found[6], "n") ?? 1
        guard choices <= 128 else { throw Self.refuse("n", "must be 1 to 128") }
        inputBytes = messages.range.count + (found[7]?.range.count ?? 0)
    }

    private static func refuse(_ field: String, _ what: String) -> DomainError {
        DomainError(.invalid, code: "invalid_value", "\(field) \(what).", parameter: field, shouldRetry: false)
    }

    private static func flag(_ view: JSONView?, _ field: String) throws(DomainError) -> Bool {
        guard let view, !view.isNull else { return false }
        guard let value = view.bool else { throw refuse(field, "must be true or false") }
        return value
    }

    private static func count(_ view: JSONView?, _ field: String) throws(DomainError) -> Int64? {
        guard let view, !view.isNull else { return nil }
        guard let value = view.integer, (1...10_000_000).contains(value) else {
            throw refuse(field, "must be a whole number of at least 1")
        }
        return value
    }
}
