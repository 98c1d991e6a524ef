// SPDX-License-Identifier: Apache-2.0
import Core
import Providers
import SwiftExtensions
import Testing

@Suite struct NewProviderTests {
    private func make(
        name: String = "p", kind: Provider.Kind = .openAICompatible, endpoint: String? = "http://127.0.0.1:11434/v1",
        key: String? = nil, timeout: Duration = .seconds(60)
    ) throws(DomainError) -> NewProvider {
        try NewProvider(
            name: name, kind: kind, endpoint: endpoint, apiKey: key.map { Secret($0) }, timeout: timeout)
    }

    @Test(
        "names that can stand before the slash are taken",
        arguments: ["a", "openai", "0", "my-vllm_2.x", String(repeating: "a", count: 63)])
    func names(name: String) throws {
        #expect(try make(name: name).name == name)
    }

    @Test(
        "other names are refused",
        arguments: [
            "", "A", "é", "a/b", "a b", "-a", ".a", "_a", "a\n", "a\u{0}", "council", String(repeating: "a", count: 64),
        ])
    func badNames(name: String) {
        let error = #expect(throws: DomainError.self) { try make(name: name) }
        #expect(error?.status == 400)
        #expect(error?.parameter == "name")
    }

    @Test(
        "base addresses of the usual servers are taken, without slashes at the end",
        arguments: [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434/v1"),
            ("http://localhost:8000//", "http://localhost:8000"), ("https://[::1]:8443/v1", "https://[::1]:8443/v1"),
            (
                "https://x.openai.azure.com/openai/deployments/gpt%204",
                "https://x.openai.azure.com/openai/deployments/gpt%204"
            ),
            ("https://host/a@b", "https://host/a@b"),
        ])
    func endpoints(text: String, kept: String) throws {
        #expect(try make(endpoint: text).endpoint == kept)
    }

    @Test(
        "addresses that carry more than an address, or cannot be one, are refused",
        arguments: [
            "", "/", "http://", "https:///v1", "http://?", "http://#", "api.openai.com/v1", "ftp://host/v1",
            "file:///etc/passwd", "gopher://host", "javascript:alert(1)", "http:/host", "http//host",
            "https://user@host/v1", "https://user:secret@host/v1", "https://@host", "https://host/v1?key=secret",
            "https://host?x", "https://host/v1#part", "https://host#", "https://ho st/v1", " https://host",
            "https://host/v1\n", "https://host/\u{0}", "https://hést/v1", "https://host/\tv1",
            "https://" + String(repeating: "a", count: 2000), "http://:8080/v1", "http://host:port/v1",
            "http://host:99999/v1",
        ])
    func badEndpoints(text: String) {
        let error = #expect(throws: DomainError.self) { try make(endpoint: text) }
        #expect(error?.status == 400)
        #expect(error?.parameter == "api_endpoint")
    }

    @Test("only OpenAI's own address is known by itself")
    func defaults() throws {
        #expect(try make(kind: .openAI, endpoint: nil).endpoint == "https://api.openai.com/v1")
        #expect(throws: DomainError.self) { try make(kind: .openAICompatible, endpoint: nil) }
        #expect(try make(kind: .sandbox, endpoint: nil).endpoint == nil)
    }

    @Test(
        "keys that could not stand in a header are refused, and are not shown in the refusal",
        arguments: ["", "a b", "a\r\nx: y", "schlüssel", "a\u{0}", String(repeating: "k", count: 4097)])
    func badKeys(key: String) {
        let error = #expect(throws: DomainError.self) { try make(key: key) }
        #expect(error?.parameter == "api_key")
        if key.count > 3 { #expect(error?.message.contains(key) == false) }
    }

    @Test("a key is shown by nothing that prints it")
    func secret() throws {
        let provider = try make(key: "sk-very-secret")
        #expect(!String(describing: provider).contains("very"))
        #expect(!String(reflecting: provider).contains("very"))
        #expect(provider.apiKey?.reveal() == "sk-very-secret")
    }

    @Test("a timeout lies between 100 ms and an hour")
    func timeouts() {
        for good in [Duration.milliseconds(100), .seconds(3600)] {
            #expect(throws: Never.self) { try make(timeout: good) }
        }
        for bad in [Duration.milliseconds(99), .zero, .seconds(-1), .seconds(3601)] {
            let error = #expect(throws: DomainError.self) { try make(timeout: bad) }
            #expect(error?.parameter == "timeout_ms")
        }
    }

    @Test(
        "model names are the provider's own",
        arguments: ["gpt-4o", "meta-llama/Llama-3.1-8B", "a:b@c", "модель", String(repeating: "a", count: 200)])
    func models(name: String) throws {
        #expect(try NewModel(name: name).name == name)
    }

    @Test(
        "names with spaces or control characters are none",
        arguments: ["", " ", "a b", "a\n", "\u{0}", "a\u{7f}", String(repeating: "a", count: 201)])
    func badModels(name: String) {
        let error = #expect(throws: DomainError.self) { try NewModel(name: name) }
        #expect(error?.parameter == "name")
    }
}
