// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Models with their prices, and governed calls of them with their costs.
struct SeedModel {
    let provider: String
    let name: String
    let id: UniqueID
    /// Dollars per token, as a decimal.
    let input: String
    let output: String
    let tier: String

    var fullName: String { "\(provider)/\(name)" }

    /// Dollars for so many tokens, exact.
    func cost(input inputTokens: Int, output outputTokens: Int) -> FixedDecimal {
        let units =
            (FixedDecimal(input)?.units ?? 0) * Int128(inputTokens)
            + (FixedDecimal(output)?.units ?? 0) * Int128(outputTokens)
        return FixedDecimal(units: units)
    }
}

extension SeedSet {
    /// Adds providers, models and prices.
    mutating func addModels(
        _ providers: [(name: String, type: String, endpoint: String?)],
        _ models: [(provider: String, name: String, input: String, output: String, tier: String)]
    ) -> [SeedModel] {
        let since = time(daysAgo: 28, hour: 9)
        func providerID(_ name: String) -> UniqueID { id("provider \(name)", at: since) }
        add(
            "providers.providers",
            providers.map {
                [
                    "id": .id(providerID($0.name)), "name": .string($0.name), "provider_type": .string($0.type),
                    "api_endpoint": $0.endpoint.map(JSONValue.string) ?? .null, "timeout_ms": 60000, "is_active": true,
                    "created_at": .time(since),
                ]
            })
        let all = models.map {
            SeedModel(
                provider: $0.provider, name: $0.name, id: id("model \($0.provider)/\($0.name)", at: since),
                input: $0.input, output: $0.output, tier: $0.tier)
        }
        add(
            "providers.models",
            all.map {
                [
                    "id": .id($0.id), "provider_id": .id(providerID($0.provider)), "name": .string($0.name),
                    "capabilities": ["chat"], "risk_tier": .string($0.tier), "created_at": .time(since),
                ]
            })
        add(
            "providers.prices",
            all.map {
                [
                    "model_id": .id($0.id), "effective_from": .time(since),
                    "id": .id(id("price \($0.fullName)", at: since)), "pricing_version": "seed-1",
                    "input_per_token": .string($0.input), "output_per_token": .string($0.output),
                    "created_at": .time(since),
                ]
            })
        for provider in providers {
            log(
                "provider.created", "providers", entity: "provider:\(providerID(provider.name))", by: "system",
                payload: ["name": .string(provider.name), "type": .string(provider.type)],
                id: id("log provider \(provider.name)", at: since))
        }
        return all
    }

    /// Adds calls, spread over working hours of the days up to the end; fewer on weekends. `fails` says which fail.
    mutating func addCalls(
        _ count: Int, days: Int, of models: [SeedModel], by people: SeedPeople,
        fails: (_ model: SeedModel, _ time: Timestamp) -> Bool = { _, _ in false }
    ) {
        var requests: [JSONValue] = []
        var costs: [JSONValue] = []
        for number in 0..<count {
            let draw = Self.word("\(kind.rawValue)/call \(number)")
            let at =
                time(daysAgo: days - number * days / count, hour: 7 + Int(draw % 11), minute: Int(draw >> 8 % 60))
                + .milliseconds(Int64(draw >> 16 % 60_000))
            let model = models[Int(draw >> 24 % UInt64(models.count))]
            let person = people.all[Int(draw >> 32 % UInt64(people.all.count))]
            let (input, output) = (80 + Int(draw >> 40 % 1900), 20 + Int(draw >> 48 % 700))
            let isFailed = fails(model, at)
            let request = id("call \(number)", at: at)
            let cost = isFailed ? FixedDecimal(units: 0) : model.cost(input: input, output: output)
            let digest = SHA256.hash(Array("request \(number)".utf8))
            requests.append([
                "id": .id(request), "api_key_id": .id(person.key), "status": isFailed ? "failed" : "completed",
                "model": .string(model.fullName), "stream": .bool(draw & 1 == 1),
                "http_status": isFailed ? 502 : 200, "error_code": isFailed ? "upstream_error" : .null,
                "total_cost": .string(cost.description), "total_latency_ms": .whole(200 + Int(draw >> 20 % 3000)),
                "request_sha256": .bytes(digest),
                "response_sha256": isFailed ? .null : .bytes(SHA256.hash(digest.bytes)),
            ])
            costs.append([
                "request_id": .id(request), "call": 0, "provider": .string(model.provider),
                "model": .string(model.name), "input_tokens": .whole(isFailed ? 0 : input), "cached_tokens": 0,
                "output_tokens": .whole(isFailed ? 0 : output), "estimated": false,
                "cost": .string(cost.description), "pricing_version": "seed-1",
            ])
            log(
                "model.called", "gateway", entity: "request:\(request)", by: "key:\(person.key)",
                payload: [
                    "cost": .string(cost.description), "estimated": false, "http_status": isFailed ? 502 : 200,
                    "input_tokens": .whole(isFailed ? 0 : input), "model": .string(model.fullName),
                    "output_tokens": .whole(isFailed ? 0 : output), "request_sha256": .string(digest.hex),
                    "status": isFailed ? "failed" : "completed",
                ], isSuccess: !isFailed, id: request)
        }
        add("council.requests", role: "witan_ingest", requests)
        add("providers.cost_records", role: "witan_ingest", costs)
    }
}

/// A few people, models and calls, for development and for tests.
enum SmallSeed {
    static func make(_ kind: SeedSet.Kind, calls: Int, day: Timestamp) -> SeedSet {
        var seed = SeedSet(kind, slug: "seed-\(kind.rawValue)", day: day)
        let people = SeedPeople.add(
            to: &seed, name: kind == .development ? "Development" : "Testing", plan: "free",
            people: [("Ada Admin", "admin"), ("Dev Developer", "developer")])
        let models = seed.addModels(
            [("sandbox", "sandbox", nil)],
            [
                ("sandbox", "echo", "0.00000015", "0.0000006", "minimal"),
                ("sandbox", "slow", "0.00000015", "0.0000006", "minimal"),
            ])
        seed.addCalls(calls, days: 7, of: models, by: people)
        return seed
    }
}
