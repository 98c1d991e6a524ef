// SPDX-License-Identifier: Apache-2.0
import Core
import Providers
import SwiftExtensions
import Testing

@Suite struct CatalogTests {
    private let provider = CatalogProvider(
        id: .v7(), name: "openai", kind: .openAI, endpoint: "https://host/v1", apiKey: Secret("sk-secret"),
        timeout: .seconds(1))

    private func model(_ name: String, prices: [Price] = []) -> CatalogModel {
        CatalogModel(id: .v7(), upstreamName: name, provider: provider, maximumOutputTokens: nil, prices: prices)
    }

    private func price(from: Int64) -> Price {
        Price(
            effectiveFrom: Timestamp(microseconds: from), version: "v\(from)", inputPerToken: FixedDecimal(units: 1),
            cachedInputPerToken: nil, outputPerToken: FixedDecimal(units: 1))
    }

    private func catalog() -> OrganizationCatalog {
        var catalog = OrganizationCatalog()
        catalog.add(provider)
        for name in ["gpt-4o", "gpt-4o-mini", "meta/llama"] { catalog.add(model(name)) }
        return catalog
    }

    @Test("a model is found by its whole name, slashes in it included")
    func finds() throws {
        #expect(try catalog().find("openai/gpt-4o").upstreamName == "gpt-4o")
        #expect(try catalog().find("openai/meta/llama").upstreamName == "meta/llama")
    }

    @Test(
        "an unknown model is a 404 that shows the names near it",
        arguments: [
            ("openai/gpt-4o-mni", "openai/gpt-4o-mini"), ("gpt-4o", "openai/gpt-4o"),
            ("OpenAI/GPT-4o", "openai/gpt-4o"),
        ])
    func near(name: String, hint: String) {
        let error = #expect(throws: DomainError.self) { try catalog().find(name) }
        #expect(error?.status == 404)
        #expect(error?.code == "model_not_found")
        #expect(error?.parameter == "model")
        #expect(error?.shouldRetry == false)
        #expect(error?.message.contains(hint) == true)
    }

    @Test("where the provider is there and the model is not, the command that adds it is shown")
    func missingModel() {
        let error = #expect(throws: DomainError.self) { try catalog().find("openai/something-else") }
        #expect(error?.message.contains("witan models create openai/something-else") == true)
    }

    @Test("where nothing is near, the list is pointed to", arguments: ["", "/", "x", "mistral/large-2", "a/b/c/d"])
    func strangers(name: String) {
        let error = #expect(throws: DomainError.self) { try catalog().find(name) }
        #expect(error?.message.contains("/v1/models") == true)
    }

    @Test("a name of a megabyte does not come back as one")
    func long() {
        let error = #expect(throws: DomainError.self) {
            try catalog().find("openai/" + String(repeating: "x", count: 1 << 20))
        }
        #expect((error?.message.utf8.count ?? .max) < 2000)
    }

    @Test("an unknown price refuses the call, unless there is a ceiling, and is never nothing")
    func prices() throws {
        let now = Timestamp(microseconds: 100)
        #expect(try model("m", prices: [price(from: 50)]).price(at: now, ceiling: nil).version == "v50")
        #expect(
            try model("m", prices: [price(from: 50), price(from: 90)]).price(at: now, ceiling: nil).version == "v90")
        let ceiling = FixedDecimal(units: 5)
        for unpriced in [model("m"), model("m", prices: [price(from: 101)])] {
            let error = #expect(throws: DomainError.self) { try unpriced.price(at: now, ceiling: nil) }
            #expect(error?.status == 403)
            #expect(error?.code == "price_unknown")
            let assumed = try unpriced.price(at: now, ceiling: ceiling)
            #expect((assumed.inputPerToken, assumed.outputPerToken) == (ceiling, ceiling))
            #expect(assumed.cost(of: TokenUsage(input: 2, cachedInput: 2, output: 1, estimated: false)).units == 15)
        }
    }

    @Test("a provider's key is printed by nothing")
    func secret() {
        #expect(!String(describing: provider).contains("sk-secret"))
        #expect(!"\(provider.apiKey, default: "none")".contains("sk-secret"))
        var dumped = ""
        dump(provider, to: &dumped)
        #expect(!dumped.contains("sk-secret"))
    }
}
