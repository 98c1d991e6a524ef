// SPDX-License-Identifier: Apache-2.0
import Core
import Providers
import SwiftExtensions
import Testing

@Suite struct PriceTests {
    private func decimal(_ text: String) throws -> FixedDecimal { try #require(FixedDecimal(text)) }

    private func price(_ input: String, _ cached: String?, _ output: String, from: Int64 = 0) throws -> Price {
        Price(
            effectiveFrom: Timestamp(microseconds: from), version: "v\(from)", inputPerToken: try decimal(input),
            cachedInputPerToken: try cached.map { try decimal($0) }, outputPerToken: try decimal(output))
    }

    @Test("a cost is exact to the last of twelve places")
    func exact() throws {
        // gpt-4o-mini: $0.15, $0.075 and $0.60 a million.
        let mini = try price("0.00000015", "0.000000075", "0.0000006")
        let cases: [(Int64, Int64, Int64, String)] = [
            (0, 0, 0, "0"), (1, 0, 0, "0.00000015"), (0, 0, 1, "0.0000006"), (1, 1, 0, "0.000000075"),
            (1000, 400, 500, "0.00042"), (3, 1, 7, "0.000004575"), (999_999, 0, 999_999, "0.74999925"),
        ]
        for (input, cached, output, cost) in cases {
            let usage = TokenUsage(input: input, cachedInput: cached, output: output, estimated: false)
            #expect(mini.cost(of: usage).description == cost)
        }
        // Where binary fractions give 0.30000000000000004.
        #expect(
            try price("0.1", nil, "0.2").cost(of: TokenUsage(input: 1, output: 1, estimated: false)).description
                == "0.3")
    }

    @Test("cached input costs what other input does where no price for it is known")
    func cached() throws {
        let usage = TokenUsage(input: 10, cachedInput: 4, output: 0, estimated: false)
        #expect(try price("2", nil, "0").cost(of: usage) == decimal("20"))
        #expect(try price("2", "0.5", "0").cost(of: usage) == decimal("14"))
        #expect(try price("2", "0", "0").cost(of: usage) == decimal("12"))
    }

    @Test("a provider that reports more cached than there was is not believed")
    func moreCachedThanInput() throws {
        let usage = TokenUsage(input: 10, cachedInput: 400, output: 0, estimated: false)
        #expect(try price("2", "0.5", "0").cost(of: usage) == decimal("5"))
    }

    @Test("the highest price and the highest counts do not overflow")
    func bounds() throws {
        let highest = Price(
            effectiveFrom: Timestamp(microseconds: 0), version: "v", inputPerToken: Price.bounds.upperBound,
            cachedInputPerToken: Price.bounds.upperBound, outputPerToken: Price.bounds.upperBound)
        let ten = TokenUsage(input: 10_000_000, cachedInput: 10_000_000, output: 10_000_000, estimated: false)
        #expect(highest.cost(of: ten).description == "20000000000")
        let vast = TokenUsage(input: .max, cachedInput: .max, output: .max, estimated: false)
        #expect(highest.cost(of: vast) > .zero)
        #expect(
            highest.cost(of: TokenUsage(input: 128 * 10_000_000, output: 128 * 10_000_000, estimated: true)) > .zero)
    }

    @Test("the price in force is the newest that does not lie ahead")
    func inForce() throws {
        let prices = try [30, 10, 20].map { try price("\($0)", nil, "0", from: $0) }
        let cases: [(Int64, String?)] = [
            (9, nil), (10, "v10"), (19, "v10"), (20, "v20"), (29, "v20"), (30, "v30"), (99, "v30"),
        ]
        for (time, version) in cases {
            #expect(Price.inForce(prices, at: Timestamp(microseconds: time))?.version == version, "at \(time)")
        }
        #expect(Price.inForce([], at: .now()) == nil)
    }

    @Test(
        "price lists are read by the million tokens, exactly",
        arguments: [
            ("0", "0"), ("0.15", "0.00000015"), ("15", "0.000015"), ("0.000001", "0.000000000001"), ("1e3", "0.001"),
            ("1000000000", "1000"), ("2.50", "0.0000025"), ("0.0750000", "0.000000075"),
        ])
    func perMillion(text: String, perToken: String) throws {
        #expect(try Price.perToken(perMillion: text, field: "f").description == perToken)
    }

    @Test(
        "what is not a price, or not exact, is refused by the field's name",
        arguments: [
            "", "free", "-1", "0.0000001", "1000000000.000001", "1e40", "NaN", "inf", "1,5", "$1", " 1", "0x10",
            "99999999999999999999999999999999999999999",
        ])
    func badPrices(text: String) {
        let error = #expect(throws: DomainError.self) {
            try Price.perToken(perMillion: text, field: "input_per_million")
        }
        #expect(error?.status == 400)
        #expect(error?.parameter == "input_per_million")
    }

    @Test("a new price names the field that is wrong")
    func newPrice() {
        func parameter(_ input: String, _ cached: String?, _ output: String) -> String? {
            do {
                _ = try NewPrice(inputPerMillion: input, cachedInputPerMillion: cached, outputPerMillion: output)
                return nil
            } catch {
                return error.parameter
            }
        }
        #expect(parameter("1", "1", "1") == nil)
        #expect(parameter("x", "1", "1") == "input_per_million")
        #expect(parameter("1", "x", "1") == "cached_input_per_million")
        #expect(parameter("1", nil, "x") == "output_per_million")
    }

    @Test("list prices are there for OpenAI's models only, and give way to any other price")
    func known() throws {
        #expect(KnownPrices.count > 30)
        let known = try #require(KnownPrices.openAI("gpt-4o-mini"))
        #expect(known.inputPerToken.description == "0.00000015")
        #expect(known.cachedInputPerToken?.description == "0.000000075")
        #expect(known.outputPerToken.description == "0.0000006")
        #expect(known.version == KnownPrices.version)
        #expect(KnownPrices.openAI("gpt-4o-minimal") == nil)
        let common = try NewPrice(inputPerMillion: "9", cachedInputPerMillion: nil, outputPerMillion: "9")
        let own = try NewPrice(inputPerMillion: "5", cachedInputPerMillion: nil, outputPerMillion: "5")
        let model = try NewModel(name: "gpt-4o-mini")
        #expect(model.priced(nil, kind: .openAI).price?.version == KnownPrices.version)
        #expect(model.priced(nil, kind: .openAICompatible).price == nil)
        #expect(model.priced(common, kind: .openAI).price?.inputPerToken == common.inputPerToken)
        #expect(
            try NewModel(name: "a", price: own).priced(common, kind: .openAI).price?.inputPerToken == own.inputPerToken)
        #expect(try NewModel(name: "unheard-of").priced(nil, kind: .openAI).price == nil)
    }
}
