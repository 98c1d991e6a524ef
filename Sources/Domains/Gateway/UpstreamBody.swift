// SPDX-License-Identifier: Apache-2.0
import JSON

/// The body as it goes upstream: the client's bytes with the provider's own model name, and usage asked for in
/// streams. Everything else is passed on byte for byte, unknown fields included.
package enum UpstreamBody {
    /// The request's bytes with `model` in place of ours.
    package static func bytes(of request: EmbeddingRequest, model: String) -> [UInt8] {
        var edit = JSONEdit(request.text)
        edit.replace(request.modelView, with: .string(model))
        return edit.bytes()
    }

    /// The request's bytes with `model` in place of ours.
    package static func bytes(of request: ChatRequest, model: String) -> [UInt8] {
        var edit = JSONEdit(request.text)
        edit.replace(request.modelView, with: .string(model))
        if request.stream, !request.includeUsage {
            if let options = request.streamOptions {
                edit.set("include_usage", to: true, in: options)
            } else {
                edit.set("stream_options", to: ["include_usage": true])
            }
        }
        return edit.bytes()
    }
}
