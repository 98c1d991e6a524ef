// SPDX-License-Identifier: Apache-2.0
package import Core
package import Cryptography
package import Providers
package import SwiftExtensions

/// Everything that is kept of one governed call; becomes a row of each of the three hot tables.
package struct CallRecord: Sendable {
    /// How a call ended: answered, failed, left by its client, or lost with the process.
    package enum Status: String, Sendable { case completed, failed, cancelled, interrupted }

    /// The request id, which the client has in `x-request-id`.
    package let id: UniqueID
    /// Whose call it is.
    package let organization: UniqueID
    /// The API key it was made with, or the person who signed in.
    package let caller: Caller
    /// `provider/model`.
    package let model: String
    /// The provider's name in the catalog.
    package let provider: String
    /// The model as its provider calls it.
    package let upstreamModel: String
    /// Whether the answer was asked for as events.
    package let stream: Bool
    /// Which price its cost was computed with.
    package let pricingVersion: String
    /// SHA-256 of the body as the client sent it.
    package let requestDigest: Digest

    /// `completed` until something else is known.
    package var status: Status = .completed
    /// What the client was answered; 499 when it had left, 0 when the process died.
    package var httpStatus = 200
    /// The stable code of what went wrong; nil when nothing did.
    package var errorCode: String?
    /// What was used, and whether the provider or we counted.
    package var usage = TokenUsage.none
    /// Dollars, exactly.
    package var cost = FixedDecimal.zero
    /// From the request read to its answer complete.
    package var latency: Duration = .zero
    /// SHA-256 of the content as it was sent to the client; nil when nothing was.
    package var responseDigest: Digest?
    /// The body as it came; nil unless the organization retains content.
    package var requestContent: [UInt8]?
    /// The content as it was sent; nil unless the organization retains content.
    package var responseContent: [UInt8]?

    /// A call that is about to go upstream.
    package init(
        id: UniqueID, organization: UniqueID, caller: Caller, model: String, provider: String, upstreamModel: String,
        stream: Bool, pricingVersion: String, requestDigest: Digest
    ) {
        self.id = id
        self.organization = organization
        self.caller = caller
        self.model = model
        self.provider = provider
        self.upstreamModel = upstreamModel
        self.stream = stream
        self.pricingVersion = pricingVersion
        self.requestDigest = requestDigest
    }
}
