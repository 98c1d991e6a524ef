// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import Journal
import Providers
import SwiftExtensions
import Testing

@testable import Gateway

@Suite struct InFlightCallTests {
    private let assumed = TokenUsage(input: 12, output: 345, estimated: true)

    private func call(model: String = "gpt-4o") -> InFlightCall {
        InFlightCall(record(upstreamModel: model), assumed: assumed, assumedCost: FixedDecimal(units: 1 << 100))
    }

    @Test("what goes into the journal comes out of it")
    func roundTrip() {
        for call in [call(), call(model: "modèle/😀"), call(model: "")] {
            #expect(InFlightCall(call.encoded) == call)
        }
    }

    @Test("a piece of an entry is none, wherever it was cut")
    func truncated() {
        let bytes = call().encoded
        for count in 0..<bytes.count { #expect(InFlightCall(Array(bytes[..<count])) == nil, "\(count) bytes") }
    }

    @Test("an entry of another version, or junk, is none")
    func foreign() {
        var bytes = call().encoded
        bytes[0] = 1
        #expect(InFlightCall(bytes) == nil)
        for count in [0, 1, 100, 496] {
            #expect(InFlightCall([UInt8](repeating: 0xff, count: count)) == nil)
            #expect(InFlightCall([UInt8](repeating: 0, count: count)) == nil)
        }
    }

    @Test("the longest names that can be set fit a slot, and are cut between characters")
    func bounded() throws {
        var long = record(upstreamModel: String(repeating: "é", count: 100) + "x")
        long = CallRecord(
            id: long.id, organization: long.organization, caller: long.caller, model: long.model,
            provider: String(repeating: "p", count: 63), upstreamModel: String(repeating: "x", count: 199) + "é",
            stream: true, pricingVersion: String(repeating: "€", count: 100), requestDigest: long.requestDigest)
        let bytes = InFlightCall(long, assumed: assumed, assumedCost: .zero).encoded
        #expect(bytes.count <= SlotJournal.payloadLimit)
        let back = try #require(InFlightCall(bytes))
        #expect(!back.upstreamModel.contains("\u{fffd}"))
        #expect(!back.pricingVersion.contains("\u{fffd}"))
        #expect(long.upstreamModel.hasPrefix(back.upstreamModel))
        #expect(long.pricingVersion.hasPrefix(back.pricingVersion))
    }

    @Test("what closes an interrupted call says so, with what it may have cost")
    func interrupted() {
        let call = call()
        let closing = call.interrupted
        #expect(closing.id == call.id)
        #expect(closing.organization == call.organization)
        #expect(closing.status == .interrupted)
        #expect(closing.httpStatus == 0)
        #expect(closing.usage == assumed)
        #expect(closing.usage.estimated)
        #expect(closing.cost == FixedDecimal(units: 1 << 100))
        #expect(closing.model == "up/gpt-4o")
        #expect(closing.requestDigest == call.requestDigest)
        #expect(closing.auditEntry.outcome == .failure)
    }
}
