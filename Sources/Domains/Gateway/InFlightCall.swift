// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
package import Providers
package import SwiftExtensions

/// An admitted call as the journal holds it while it runs, so that it can be closed if the process dies.
///
/// Binary, big-endian: version 2, then the caller's kind (1: 0 key, 1 person), request, organization and caller ids
/// (16 each), digest (32), stream flag (1), assumed input and output tokens (8 each), cost in 10⁻¹² units (16), and
/// three texts with a 2-byte length: provider, model, pricing version. Names are bounded so that it fits a slot.
package struct InFlightCall: Sendable, Equatable {
    let id: UniqueID
    let organization: UniqueID
    let caller: Caller
    let requestDigest: Digest
    let stream: Bool
    /// What it may have used, if it is never heard of again.
    let assumed: TokenUsage
    let assumedCost: FixedDecimal
    let provider: String
    let upstreamModel: String
    let pricingVersion: String

    /// What must be kept of `record` while it runs.
    package init(_ record: CallRecord, assumed: TokenUsage, assumedCost: FixedDecimal) {
        id = record.id
        organization = record.organization
        caller = record.caller
        requestDigest = record.requestDigest
        stream = record.stream
        self.assumed = assumed
        self.assumedCost = assumedCost
        provider = record.provider
        upstreamModel = record.upstreamModel
        pricingVersion = record.pricingVersion
    }

    /// At most 464 bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(320)
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
        func append(_ text: String, limit: Int) {
            var text = text[...]
            while text.utf8.count > limit { text.removeLast() }
            append(UInt16(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(2)
        switch caller {
        case .key: bytes.append(0)
        case .person: bytes.append(1)
        }
        for id in [id, organization, caller.id] {
            append(id.high)
            append(id.low)
        }
        bytes.append(contentsOf: requestDigest.bytes)
        bytes.append(stream ? 1 : 0)
        append(assumed.input)
        append(assumed.output)
        append(assumedCost.units)
        append(provider, limit: 63)
        append(upstreamModel, limit: 200)
        append(pricingVersion, limit: 80)
        return bytes
    }

    /// Nil for bytes that are no such call.
    package init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes: bytes)
        guard reader.take(1) == [2], let kind = reader.take(1),
            let id = reader.id(), let organization = reader.id(), let caller = reader.id(),
            let digest = reader.take(32).flatMap({ Digest($0) }), let stream = reader.take(1),
            let input = reader.number(Int64.self), let output = reader.number(Int64.self),
            let cost = reader.number(Int128.self), let provider = reader.text(), let model = reader.text(),
            let version = reader.text()
        else { return nil }
        self.id = id
        self.organization = organization
        self.caller = kind == [1] ? .person(caller) : .key(caller)
        requestDigest = digest
        self.stream = stream == [1]
        assumed = TokenUsage(input: input, output: output, estimated: true)
        assumedCost = FixedDecimal(units: cost)
        self.provider = provider
        upstreamModel = model
        pricingVersion = version
    }

    /// The record that closes it: interrupted, with the cost it may have had.
    package var interrupted: CallRecord {
        var record = CallRecord(
            id: id, organization: organization, caller: caller, model: "\(provider)/\(upstreamModel)",
            provider: provider,
            upstreamModel: upstreamModel, stream: stream, pricingVersion: pricingVersion, requestDigest: requestDigest)
        record.status = .interrupted
        record.httpStatus = 0
        record.errorCode = "interrupted"
        record.usage = assumed
        record.cost = assumedCost
        return record
    }
}

/// Takes fields off the front of bytes.
private struct ByteReader {
    var bytes: [UInt8]
    var position = 0

    mutating func take(_ count: Int) -> [UInt8]? {
        guard position + count <= bytes.count else { return nil }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        take(MemoryLayout<Number>.size).map { $0.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) } }
    }

    mutating func id() -> UniqueID? {
        guard let high = number(UInt64.self), let low = number(UInt64.self) else { return nil }
        return UniqueID(high: high, low: low)
    }

    mutating func text() -> String? {
        number(UInt16.self).flatMap { take(Int($0)) }.map { String(decoding: $0, as: UTF8.self) }
    }
}
