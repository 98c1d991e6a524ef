// SPDX-License-Identifier: Apache-2.0
package import Core
package import JSON

/// An embedding request as the client sent it: the few fields that governing needs are read, every other byte stays.
package struct EmbeddingRequest: Sendable {
    /// As OpenAI's API has it.
    package static let inputsMaximum = 2048
    /// The whole body.
    package let text: JSONText
    /// What it asks to be answered by.
    package let model: ModelReference
    /// How many vectors are wanted.
    package let inputs: Int
    /// Whether vectors are wanted as base64 of little-endian 32-bit floats; else as numbers.
    package let isBase64: Bool
    /// The length of the vectors, if the client says.
    package let dimensions: Int?
    /// Estimate of the input: a quarter of the bytes of texts, and every given token.
    package let inputTokens: Int64

    let modelView: JSONView
    let input: JSONView

    /// Reads `body`; refuses as `ChatRequest` does.
    package init(body: [UInt8]) throws(DomainError) {
        do {
            text = try JSONText(validating: body)
        } catch {
            throw DomainError(
                .invalid, code: "invalid_json", "The body is not valid JSON: \(error.description).", shouldRetry: false)
        }
        guard text.root.kind == .object else {
            throw DomainError(.invalid, code: "invalid_json", "The body must be a JSON object.", shouldRetry: false)
        }
        if let twice = text.root.firstDuplicateKey() {
            throw Self.refuse(String(twice.prefix(100)), "stands in the body twice; send it once")
        }
        let found = text.root.members(named: ["model", "input", "encoding_format", "dimensions"])
        guard let model = found[0], let name = model.string, !name.isEmpty else {
            throw Self.refuse("model", "must be a string such as sandbox/echo")
        }
        modelView = model
        self.model = ModelReference(name)
        guard let input = found[1] else { throw Self.refuse("input", "is missing") }
        self.input = input
        (inputs, inputTokens) = try Self.measure(input)
        switch found[2]?.string {
        case "base64": isBase64 = true
        case "float": isBase64 = false
        default:
            guard found[2]?.isNull ?? true else { throw Self.refuse("encoding_format", "must be float or base64") }
            isBase64 = false
        }
        if let wanted = found[3], !wanted.isNull {
            guard let number = wanted.integer, (1...100_000).contains(number) else {
                throw Self.refuse("dimensions", "must be a whole number of at least 1")
            }
            dimensions = Int(number)
        } else {
            dimensions = nil
        }
    }

    /// A text, texts, tokens, or arrays of tokens.
    private static func measure(_ input: JSONView) throws(DomainError) -> (inputs: Int, tokens: Int64) {
        if input.kind == .string {
            guard input.range.count > 2 else { throw refuse("input", "must not be empty") }
            return (1, TokenEstimate.tokens(bytes: input.range.count - 2))
        }
        let elements = input.kind == .array ? input.elements : []
        guard let first = elements.first, elements.count <= inputsMaximum || first.kind == .number else {
            throw refuse("input", "must be a text, or an array of 1 to \(inputsMaximum) texts or token arrays")
        }
        guard elements.allSatisfy({ $0.kind == first.kind }) else {
            throw refuse("input", "must hold one kind of value")
        }
        switch first.kind {
        case .number: return (1, Int64(elements.count))
        case .string:
            return (elements.count, elements.reduce(0) { $0 + TokenEstimate.tokens(bytes: max(1, $1.range.count - 2)) })
        case .array: return (elements.count, elements.reduce(0) { $0 + Int64($1.elements.count) })
        default: throw refuse("input", "must be a text, texts, tokens or arrays of tokens")
        }
    }

    private static func refuse(_ field: String, _ what: String) -> DomainError {
        DomainError(.invalid, code: "invalid_value", "\(field) \(what).", parameter: field, shouldRetry: false)
    }
}
