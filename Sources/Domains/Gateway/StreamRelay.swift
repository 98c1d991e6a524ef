// SPDX-License-Identifier: Apache-2.0
import JSON
package import Providers
import ServerSentEvents

/// Looks at a provider's events as they pass and decides what the client gets. Pure.
///
/// Chunks pass through byte for byte, except that usage is taken out when the client did not ask for it, and that
/// `[DONE]` is held back: the client gets it once the call's record is committed.
package struct StreamRelay: Sendable {
    /// What came over is not a stream of chat completion chunks.
    package struct Garbage: Error {}

    /// The provider's own count, once it has sent it.
    package private(set) var reported: TokenUsage?
    /// Bytes of text in the choices so far, for an estimate.
    package private(set) var outputBytes = 0
    /// Whether the answer is complete: `[DONE]` came, or every choice had its finish reason.
    package private(set) var isComplete = false
    /// The code of an error event that the provider sent, which ends the answer.
    package private(set) var errorCode: String?

    private var parser = SSEParser()
    private let includeUsage: Bool
    private var finished: Set<Int64> = []
    private let choices: Int64

    /// `choices` is how many finish reasons make the answer complete.
    package init(includeUsage: Bool, choices: Int64) {
        self.includeUsage = includeUsage
        self.choices = choices
    }

    /// What goes to the client of these bytes.
    package mutating func feed(_ bytes: [UInt8]) throws(Garbage) -> [UInt8] {
        let events: [SSEParser.Event]
        do {
            events = try parser.feed(bytes)
        } catch {
            throw Garbage()
        }
        var output: [UInt8] = []
        for event in events { output += try pass(event) }
        return output
    }

    private mutating func pass(_ event: SSEParser.Event) throws(Garbage) -> [UInt8] {
        guard event.hasData else { return event.raw }
        if event.data == Self.done {
            isComplete = true
            return []
        }
        guard let text = try? JSONText(validating: event.data), text.root.kind == .object else { throw Garbage() }
        let found = text.root.members(named: ["choices", "usage", "error"])
        if let error = found[2], !error.isNull {
            errorCode = error["code"]?.string.map { String($0.prefix(100)) } ?? "upstream_error"
            return event.raw
        }
        if let usage = UsageReport.read(found[1]) { reported = usage }
        note(found[0])
        guard found[1] != nil, !includeUsage else { return event.raw }
        // The chunk that is about usage alone goes; others without choices (Azure sends one first) stay.
        if found[1]?.isNull == false, found[0]?.elements.isEmpty ?? true { return [] }
        var edit = JSONEdit(text)
        edit.remove("usage")
        return Array("data: ".utf8) + edit.bytes() + Array("\n\n".utf8)
    }

    private mutating func note(_ choices: JSONView?) {
        outputBytes += UsageReport.outputBytes(choices)
        for choice in choices?.elements ?? [] where choice["finish_reason"]?.string != nil {
            finished.insert(choice["index"]?.integer ?? 0)
        }
        if finished.count >= self.choices { isComplete = true }
    }

    private static let done = Array("[DONE]".utf8)
}
