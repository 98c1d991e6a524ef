// SPDX-License-Identifier: Apache-2.0
import Core
import Testing

@Suite struct NearNamesTests {
    static let models = ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/o3", "sandbox/echo", "sandbox/slow"]

    @Test(
        "a mistyped name brings back what was meant",
        arguments: [
            ("openai/gpt-4o-mni", "openai/gpt-4o-mini"), ("opnai/gpt-4o", "openai/gpt-4o"),
            ("sandbox/ecko", "sandbox/echo"), ("SANDBOX/ECHO", "sandbox/echo"), ("sandbx/slow", "sandbox/slow"),
        ])
    func mistyped(typed: String, meant: String) {
        #expect(NearNames.of(typed, among: Self.models).first == meant)
    }

    @Test("a name without its provider finds the model", arguments: ["gpt-4o", "echo", "o3"])
    func withoutProvider(name: String) {
        #expect(NearNames.of(name, among: Self.models).contains { $0.hasSuffix("/\(name)") })
    }

    @Test("a name that stands within a longer one finds it")
    func contained() {
        #expect(NearNames.of("mini", among: Self.models) == ["openai/gpt-4o-mini"])
        #expect(NearNames.of("gpt-4", among: ["openai/gpt-4o-mini-2024-07-18"]) == ["openai/gpt-4o-mini-2024-07-18"])
    }

    @Test("names that have nothing in common are not suggested")
    func strangers() {
        #expect(NearNames.of("mistral/large", among: Self.models).isEmpty)
        #expect(NearNames.of("", among: ["openai/gpt-4o"]).isEmpty)
    }

    @Test("there are at most three, the closest first, in an order that does not change")
    func few() {
        let names = ["a/model-5", "a/model-1", "a/model-12", "a/model-2", "a/model-3"]
        let found = NearNames.of("a/model-1", among: names)
        #expect(found.count == 3)
        #expect(found.first == "a/model-1")
        #expect(found == NearNames.of("a/model-1", among: names.reversed()))
    }

    @Test("a very long name costs little and finds nothing")
    func long() {
        let long = String(repeating: "x", count: 1_000_000)
        #expect(NearNames.of(long, among: Self.models).isEmpty)
    }
}
