// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Providers
import SwiftExtensions

/// The sandbox's embeddings: unit vectors made of the SHA-256 of each input. Equal inputs have equal vectors, and
/// nothing else about them means anything.
enum SandboxEmbedding {
    /// When the client does not say.
    static let standardDimensions = 32
    /// Numbers in one answer: some 12 MB of JSON.
    static let numbersMaximum = 1_000_000

    /// Refuses what would be a vast answer.
    static func answer(_ request: EmbeddingRequest, model: String) throws(UpstreamFailure) -> [UInt8] {
        guard request.inputs * (request.dimensions ?? standardDimensions) <= numbersMaximum else {
            throw UpstreamFailure(
                DomainError(
                    .invalid, code: "invalid_value",
                    "The sandbox answers with at most \(numbersMaximum) numbers; ask for fewer dimensions or inputs.",
                    parameter: "dimensions", shouldRetry: false), mayHaveBeenCharged: false)
        }
        let inputs = request.inputs == 1 && request.input.kind != .array ? [request.input] : request.input.elements
        let texts = inputs.first?.kind == .number ? [request.input] : inputs
        let data: [JSONValue] = texts.enumerated().map { index, text in
            let vector = unitVector(of: text.rawBytes, dimensions: request.dimensions ?? standardDimensions)
            return [
                "object": "embedding", "index": .number(JSONNumber(Int64(index))),
                "embedding": request.isBase64
                    ? .string(base64(vector)) : .array(vector.map { JSONNumber(Double($0)).map(JSONValue.number) ?? 0 })
                    ,
            ]
        }
        let tokens = JSONValue.number(JSONNumber(request.inputTokens))
        let answer: JSONValue = [
            "object": "list", "data": .array(data), "model": .string(model),
            "usage": ["prompt_tokens": tokens, "total_tokens": tokens],
        ]
        return answer.bytes
    }

    private static func unitVector(of bytes: ArraySlice<UInt8>, dimensions: Int) -> [Float] {
        var digest = SHA256.hash(bytes)
        var values: [Float] = []
        while values.count < dimensions {
            values += digest.bytes.map { Float($0) - 127.5 }
            digest = SHA256.hash(digest.bytes)
        }
        values.removeLast(values.count - dimensions)
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { $0 / length }
    }

    /// Little-endian 32-bit floats, as OpenAI's Python package asks for.
    private static func base64(_ vector: [Float]) -> String {
        Base64.encode(vector.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
    }
}
