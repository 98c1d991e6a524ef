// SPDX-License-Identifier: Apache-2.0
package import Providers

/// One admitted call on its way to a provider.
package struct UpstreamCall: Sendable {
    /// As the client sent it.
    package let request: ChatRequest
    /// Whom it goes to.
    package let model: CatalogModel
    /// W3C trace context for the provider.
    package let traceParent: String
}

/// One admitted request for embeddings on its way to a provider.
package struct EmbeddingCall: Sendable {
    /// As the client sent it.
    package let request: EmbeddingRequest
    /// Whom it goes to.
    package let model: CatalogModel
    /// W3C trace context for the provider.
    package let traceParent: String
}

/// Something that answers chat completions and embeddings in OpenAI's wire format.
package protocol ModelProvider: Sendable {
    /// The bytes of a list of embeddings.
    func embed(_ call: EmbeddingCall) async throws(UpstreamFailure) -> [UInt8]
    /// The whole answer: the bytes of a `chat.completion` object.
    func complete(_ call: UpstreamCall) async throws(UpstreamFailure) -> [UInt8]
    /// The answer as it comes; returns once the provider has begun to answer with success.
    func open(_ call: UpstreamCall) async throws(UpstreamFailure) -> any UpstreamStream
}

/// Server-sent events from a provider, in pieces of any size.
package protocol UpstreamStream: Sendable {
    /// The next bytes; nil at the end.
    func next() async throws(UpstreamFailure) -> [UInt8]?
    /// Gives the call up.
    func cancel()
}
