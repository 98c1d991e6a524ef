// SPDX-License-Identifier: Apache-2.0
import Core
package import Cryptography
package import Providers
package import SwiftExtensions

/// Everything that is kept of one governed call; becomes a row of each of the three hot tables.
package struct CallRecord: Sendable {
    package enum Status: String, Sendable { case completed, failed, cancelled, interrupted }

    package let id: UniqueID
    package let organization: UniqueID
    package let key: UniqueID
    /// `provider/model`.
    package let model: String
    package let provider: String
    package let upstreamModel: String
    package let stream: Bool
    package let pricingVersion: String
    package let requestDigest: Digest

    package var status: Status = .completed
    /// What the client was answered; 499 when it had left, 0 when the process died.
    package var httpStatus = 200
    package var errorCode: String?
    package var usage = TokenUsage.none
    package var cost = FixedDecimal.zero
    package var latency: Duration = .zero
    package var responseDigest: Digest?
    /// Both nil unless the organization retains content.
    package var requestContent: [UInt8]?
    package var responseContent: [UInt8]?

    package init(
        id: UniqueID, organization: UniqueID, key: UniqueID, model: String, provider: String, upstreamModel: String,
        stream: Bool, pricingVersion: String, requestDigest: Digest
    ) {
        self.id = id
        self.organization = organization
        self.key = key
        self.model = model
        self.provider = provider
        self.upstreamModel = upstreamModel
        self.stream = stream
        self.pricingVersion = pricingVersion
        self.requestDigest = requestDigest
    }
}
