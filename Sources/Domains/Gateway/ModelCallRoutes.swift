// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Cryptography
import HTTPServer
import JSON
import Observability
package import Providers
import SwiftExtensions

/// Calls of models from the wire to their committed records.
package final class ModelCalls: Sendable {
    let catalog: CatalogMonitor
    private let ledger: CallLedgerService
    private let upstream: any ModelProvider
    private let sandbox: any ModelProvider

    /// `upstream` answers for every provider but the sandbox.
    package init(
        catalog: CatalogMonitor, ledger: CallLedgerService, upstream: any ModelProvider, sandbox: any ModelProvider
    ) {
        self.catalog = catalog
        self.ledger = ledger
        self.upstream = upstream
        self.sandbox = sandbox
    }

    /// Governs, calls, records and answers a chat completion.
    func complete(_ context: RequestContext) async throws -> HTTPResponse {
        let principal = try context.caller()
        try RequestContext.checkMediaType(context.request)
        let request = try ChatRequest(body: context.request.body)
        let admitted = try Admission.decide(request, by: principal, catalog: catalog.catalog, now: .now())
        let running = try start(admitted, stream: request.stream, by: principal, context: context)
        let call = UpstreamCall(request: request, model: admitted.model, traceParent: context.trace.traceParent)
        let provider = provider(of: admitted.model)
        if request.stream { return try await stream(call, from: provider, running) }
        return try await answer(running, .completion) { () async throws(UpstreamFailure) in
            try await provider.complete(call)
        }
    }

    /// The same for embeddings.
    func embed(_ context: RequestContext) async throws -> HTTPResponse {
        let principal = try context.caller()
        try RequestContext.checkMediaType(context.request)
        let request = try EmbeddingRequest(body: context.request.body)
        let assumed = TokenUsage(input: request.inputTokens, output: 0, estimated: true)
        let admitted = try Admission.decide(
            model: request.model.name, assumed: assumed, by: principal, catalog: catalog.catalog, now: .now())
        let running = try start(admitted, stream: false, by: principal, context: context)
        let call = EmbeddingCall(request: request, model: admitted.model, traceParent: context.trace.traceParent)
        let provider = provider(of: admitted.model)
        return try await answer(running, .embeddings) { () async throws(UpstreamFailure) in
            try await provider.embed(call)
        }
    }

    private func provider(of model: CatalogModel) -> any ModelProvider {
        model.provider.kind == .sandbox ? sandbox : upstream
    }

    private func start(
        _ admitted: Admission.Admitted, stream: Bool, by principal: Principal, context: RequestContext
    ) throws(DomainError) -> RunningCall {
        var record = CallRecord(
            id: context.id, organization: principal.organization, caller: principal.caller, model: admitted.model.name,
            provider: admitted.model.provider.name, upstreamModel: admitted.model.upstreamName, stream: stream,
            pricingVersion: admitted.price.version, requestDigest: SHA256.hash(context.request.body))
        if principal.policy.contentRetention { record.requestContent = context.request.body }
        let slot = try ledger.begin(
            record, assumed: admitted.assumed, assumedCost: admitted.price.cost(of: admitted.assumed))
        return RunningCall(
            record: record, price: admitted.price, slot: slot, inputTokens: admitted.assumed.input,
            policy: principal.policy, startedAt: context.request.receivedAt)
    }

    /// A whole answer.
    private func answer(
        _ started: RunningCall, _ shape: AnswerShape, _ send: () async throws(UpstreamFailure) -> [UInt8]
    ) async throws(DomainError) -> HTTPResponse {
        var running = started
        let sent = ContinuousClock.now
        let body: [UInt8]
        let usage: TokenUsage
        do {
            body = try await send()
            running.upstreamTime = ContinuousClock.now - sent
            usage = try running.usage(in: body, shape)
        } catch {
            running.upstreamTime = ContinuousClock.now - sent
            running.fail(error, outputBytes: 0)
            try await ledger.settle(running.record, slot: running.slot, durable: running.policy.durableAnswers)
            running.report()
            throw error.error
        }
        running.finish(usage, response: body)
        try await ledger.settle(running.record, slot: running.slot, durable: running.policy.durableAnswers)
        running.report()
        var headers = running.headers
        headers.append(("content-type", "application/json"))
        headers.append(("x-witan-cost", running.record.cost.description))
        headers.append(("x-witan-overhead-ms", running.overhead.millisecondsText))
        return HTTPResponse(status: 200, headers: headers, body: .bytes(body))
    }

    private func stream(
        _ call: UpstreamCall, from provider: any ModelProvider, _ started: RunningCall
    ) async throws(DomainError) -> HTTPResponse {
        let opened: any UpstreamStream
        var relay = StreamRelay(includeUsage: call.request.includeUsage, choices: call.request.choices)
        let first: [UInt8]
        let sent = ContinuousClock.now
        do throws(UpstreamFailure) {
            opened = try await provider.open(call)
            first = try await Self.firstEvents(of: opened, through: &relay, provider: call.model.provider.name)
        } catch {
            var running = started
            running.upstreamTime = ContinuousClock.now - sent
            running.fail(error, outputBytes: 0)
            try await ledger.settle(running.record, slot: running.slot, durable: running.policy.durableAnswers)
            running.report()
            throw error.error
        }
        var headers = started.headers
        headers.append(("content-type", "text/event-stream; charset=utf-8"))
        headers.append(("cache-control", "no-cache"))
        headers.append(("x-accel-buffering", "no"))
        let streaming = ChatStream(
            upstream: opened, relay: relay, first: first, running: started, ledger: ledger, openedAt: sent,
            errorEvent: { Array("data: ".utf8) + ErrorResponse.openAI($0).bytes + Array("\n\n".utf8) })
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { client in try await streaming.run { try await client.write($0) } })
    }

    /// Waits for the first events, since what fails before them can still be told by the status.
    private static func firstEvents(
        of stream: any UpstreamStream, through relay: inout StreamRelay, provider: String
    ) async throws(UpstreamFailure) -> [UInt8] {
        while let bytes = try await stream.next() {
            let events: [UInt8]
            do {
                events = try relay.feed(bytes)
            } catch {
                stream.cancel()
                throw .garbage(provider: provider)
            }
            if !events.isEmpty || relay.isComplete { return events }
        }
        throw .garbage(provider: provider)
    }
}
