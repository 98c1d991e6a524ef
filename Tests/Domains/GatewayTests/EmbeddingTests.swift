// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Testing

@testable import Gateway

@Suite struct EmbeddingTests {
    private func request(_ text: String) throws(DomainError) -> EmbeddingRequest {
        try EmbeddingRequest(body: Array(text.utf8))
    }

    @Test(
        "each of the four forms of input is read and counted",
        arguments: [
            (#""abcd""#, 1, Int64(1)), (#"["abcd","efgh","i"]"#, 3, 3), ("[1,2,3]", 1, 3), ("[[1,2],[3]]", 2, 3),
            (#""é""#, 1, 1),
        ])
    func inputs(input: String, count: Int, tokens: Int64) throws {
        let request = try request(#"{"model":"a/b","input":\#(input)}"#)
        #expect(request.inputs == count)
        #expect(request.inputTokens == tokens)
    }

    @Test(
        "a wrong field is a 400 that names it",
        arguments: [
            (#"{"input":"a"}"#, "model"), (#"{"model":"a"}"#, "input"), (#"{"model":"a","input":""}"#, "input"),
            (#"{"model":"a","input":[]}"#, "input"), (#"{"model":"a","input":{}}"#, "input"),
            (#"{"model":"a","input":null}"#, "input"), (#"{"model":"a","input":7}"#, "input"),
            (#"{"model":"a","input":["a",1]}"#, "input"), (#"{"model":"a","input":[true]}"#, "input"),
            (#"{"model":"a","input":"a","input":"b"}"#, "input"),
            (#"{"model":"a","input":"a","encoding_format":"hex"}"#, "encoding_format"),
            (#"{"model":"a","input":"a","encoding_format":1}"#, "encoding_format"),
            (#"{"model":"a","input":"a","dimensions":0}"#, "dimensions"),
            (#"{"model":"a","input":"a","dimensions":"8"}"#, "dimensions"),
        ])
    func wrong(body: String, field: String) {
        let error = #expect(throws: DomainError.self) { try request(body) }
        #expect(error?.status == 400)
        #expect(error?.parameter == field)
    }

    @Test("more inputs than OpenAI takes are refused")
    func many() throws {
        let list = { (count: Int) in "[" + [String](repeating: "\"a\"", count: count).joined(separator: ",") + "]" }
        #expect(try request(#"{"model":"a","input":\#(list(2048))}"#).inputs == 2048)
        #expect(throws: DomainError.self) { try request(#"{"model":"a","input":\#(list(2049))}"#) }
    }

    @Test("all but the model's name goes upstream byte for byte")
    func untouched() throws {
        let text = #"{ "input" : ["é\u00e9", "b"],"user":"u" ,"model":"up\/emb","x":{"model":1}}"#
        let sent = UpstreamBody.bytes(of: try request(text), model: "emb").text
        #expect(sent == text.replacing(#""up\/emb""#, with: #""emb""#))
    }

    private func answer64() throws -> JSONValue {
        let request = try request(#"{"model":"a","input":"one","dimensions":100,"encoding_format":"base64"}"#)
        return try JSONValue(parsing: try SandboxEmbedding.answer(request, model: "m"))
    }

    @Test("the sandbox's vectors are of the length asked for, of unit length, and depend on the text alone")
    func sandbox() throws {
        func answer(_ fields: String) throws -> JSONValue {
            try JSONValue(
                parsing: try SandboxEmbedding.answer(try request(#"{"model":"a",\#(fields)}"#), model: "sandbox/echo"))
        }
        let answer = try answer(#""input":["one","two","one"],"dimensions":100"#)
        #expect(answer["object"]?.string == "list")
        let data = try #require(answer["data"]?.elements)
        #expect(data.compactMap { $0["index"]?.integer } == [0, 1, 2])
        let vectors = data.compactMap { $0["embedding"]?.elements?.compactMap(\.double) }
        #expect(vectors.map(\.count) == [100, 100, 100])
        #expect(vectors[0] == vectors[2])
        #expect(vectors[0] != vectors[1])
        for vector in vectors { #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 0.0001) }
        let encoded = try answer64()
        let text = try #require(encoded["data"]?[0]?["embedding"]?.string)
        #expect(Base64.decode(text, .standard)?.count == 400)
    }

    @Test("an answer of the sandbox's stays within bounds, whatever is asked for")
    func bounded() throws {
        let inputs = [String](repeating: "\"a\"", count: 2048).joined(separator: ",")
        let error = #expect(throws: (any Error).self) {
            let request = try self.request(#"{"model":"a","input":[\#(inputs)],"dimensions":100000}"#)
            _ = try SandboxEmbedding.answer(request, model: "sandbox/echo")
        }
        #expect((error as? UpstreamFailure)?.error.status == 400)
    }
}
