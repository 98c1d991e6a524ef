// SPDX-License-Identifier: Apache-2.0
import Core
import Gateway
import Providers
import SwiftExtensions
import Testing

@Suite struct AdmissionTests {
    private func catalog(prices: [Price] = [dollars]) -> Catalog {
        var own = OrganizationCatalog()
        own.add(model("gpt", prices: prices))
        own.add(model("other", prices: prices))
        var foreign = OrganizationCatalog()
        foreign.add(model("secret"))
        return Catalog(organizations: [caller().organization: own, UniqueID(high: 9, low: 9): foreign])
    }

    private func decide(
        _ model: String = "up/gpt", by principal: Principal = caller(), prices: [Price] = [dollars]
    ) throws(DomainError) -> Admission.Admitted {
        let request = try chat(#"{"model":"\#(model)","messages":[{"content":"abcd"}],"max_tokens":10}"#)
        return try Admission.decide(request, by: principal, catalog: catalog(prices: prices), now: .now())
    }

    @Test("a call that may run knows its model, its price and what it may cost")
    func admits() throws {
        let admitted = try decide()
        #expect(admitted.model.name == "up/gpt")
        #expect(admitted.price == dollars)
        #expect(admitted.assumed.output == 10)
        #expect(admitted.assumed.estimated)
    }

    @Test("an unknown model is a 404 that says which are near")
    func unknown() {
        let error = #expect(throws: DomainError.self) { try decide("up/gtp") }
        #expect(error?.status == 404)
        #expect(error?.message.contains("up/gpt") == true)
    }

    @Test("another organization's model is as unknown as any, and an organization may have none")
    func foreign() {
        let error = #expect(throws: DomainError.self) { try decide("up/secret") }
        #expect(error?.code == "model_not_found")
        #expect(error?.message.contains("did you mean up/secret") == false)
        #expect(throws: DomainError.self) {
            try Admission.decide(try chat(fields: ""), by: caller(), catalog: .empty, now: .now())
        }
    }

    @Test("a key may call the models it is for, by their exact names")
    func allowed() throws {
        #expect(throws: Never.self) { try decide(by: caller(allowedModels: ["x/y", "up/gpt"])) }
        for models in [["up/other"], ["up/gp"], ["gpt"], ["up/gpt2"], ["UP/GPT"]] {
            let error = #expect(throws: DomainError.self) { try decide(by: caller(allowedModels: models)) }
            #expect(error?.status == 403)
            #expect(error?.code == "model_not_allowed")
            #expect(error?.shouldRetry == false)
        }
    }

    @Test("a price that is not known refuses the call, unless the organization set a ceiling")
    func prices() throws {
        let error = #expect(throws: DomainError.self) { try decide(prices: []) }
        #expect(error?.status == 403)
        #expect(error?.code == "price_unknown")
        let ceiling = FixedDecimal(units: 7)
        let admitted = try decide(by: caller(ceiling: ceiling), prices: [])
        #expect(admitted.price.inputPerToken == ceiling)
        #expect(admitted.price.version == "ceiling")
        #expect(try decide(by: caller(ceiling: ceiling)).price == dollars)
    }
}
