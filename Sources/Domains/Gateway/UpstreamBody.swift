// SPDX-License-Identifier: Apache-2.0
package import JSON

/// The body as it goes upstream: the client's bytes with the provider's own model name, and usage asked for in
/// streams. Everything else is passed on byte for byte, unknown fields included.
package enum UpstreamBody {
    package static func bytes(of request: ChatRequest, model: String) -> [UInt8] {
        var edits: [(range: Range<Int>, replacement: [UInt8])] = [
            (request.modelView.range, JSONQuote.bytes(model))
        ]
        if request.stream, !request.includeUsage { edits.append(askingForUsage(request)) }
        edits.sort { $0.range.lowerBound < $1.range.lowerBound }
        let original = request.text.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(original.count + 64)
        var position = 0
        for edit in edits {
            bytes.append(contentsOf: original[position..<edit.range.lowerBound])
            bytes.append(contentsOf: edit.replacement)
            position = edit.range.upperBound
        }
        bytes.append(contentsOf: original[position...])
        return bytes
    }

    private static func askingForUsage(_ request: ChatRequest) -> (range: Range<Int>, replacement: [UInt8]) {
        if let options = request.streamOptions {
            if let present = options["include_usage"] { return (present.range, Array("true".utf8)) }
            let inside = options.range.lowerBound + 1
            var isEmpty = true
            options.members { _, _ in isEmpty = false }
            return (inside..<inside, Array((isEmpty ? "\"include_usage\":true" : "\"include_usage\":true,").utf8))
        }
        // A null stream_options stands in the object already; a second one would be a duplicate.
        if let null = request.text.root["stream_options"] { return (null.range, Array("{\"include_usage\":true}".utf8)) }
        let inside = request.text.root.range.lowerBound + 1
        return (inside..<inside, Array("\"stream_options\":{\"include_usage\":true},".utf8))
    }
}
