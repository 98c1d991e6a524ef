// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import SwiftExtensions
import Synchronization

/// The mock's routes and its behaviours.
final class Mock: Sendable {
    private let calls = Atomic<Int>(0)

    /// Ends a stream in the middle: the server then closes without the last chunk.
    private struct Cut: Error {}

    func handle(_ request: HTTPRequest) async -> HTTPResponse {
        switch (request.method, request.path) {
        case (.post, "/v1/chat/completions"):
            calls.add(1, ordering: .relaxed)
            return await chat(ChatCall(request))
        case (.get, "/v1/models"):
            return json(
                200,
                #"{"object":"list","data":[{"id":"mock","object":"model","created":1700000000,"owned_by":"mock"}]}"#)
        case (.get, "/count"): return json(200, #"{"calls":\#(calls.load(ordering: .relaxed))}"#)
        case (.post, "/reset"):
            calls.store(0, ordering: .relaxed)
            return json(200, #"{"calls":0}"#)
        default:
            return json(
                404, #"{"error":{"message":"no such route","type":"invalid_request_error","param":null,"code":null}}"#)
        }
    }

    private func chat(_ call: ChatCall) async -> HTTPResponse {
        if let delay = call["delay"] { try? await Task.sleep(for: .milliseconds(delay)) }
        if call["hang"] != nil { try? await Task.sleep(for: .seconds(3600)) }
        if let status = call["status"] { return failure(status) }
        if call["garbage"] != nil { return json(200, "<html>this is no JSON") }
        if call["huge"] != nil { return huge(call) }
        if call.isStream { return stream(call) }
        let body = Answers.completion(call)
        guard call["cut"] != nil else { return json(200, body) }
        return HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")],
            body: .stream { writer in
                try await writer.write(Array(body.utf8.prefix(body.utf8.count / 2)))
                throw Cut()
            })
    }

    private func stream(_ call: ChatCall) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")],
            body: .stream { writer in
                let count = call["chunks"] ?? 20
                for index in 0..<count {
                    if index > 0, let gap = call["gap"] { try await Task.sleep(for: .milliseconds(gap)) }
                    if index == count / 2 {
                        if call["cut"] != nil { throw Cut() }
                        if call["midstream"] != nil {
                            let error =
                                #"{"error":{"message":"mock failure","type":"server_error","param":null,"code":null}}"#
                            return try await writer.write(Array("data: \(error)\n\n".utf8))
                        }
                    }
                    try await writer.write(Answers.chunk(call, index, of: count))
                }
                try await writer.write(Answers.end(call))
            })
    }

    /// 100 MB of one JSON string, for clients that must not read it all.
    private func huge(_ call: ChatCall) -> HTTPResponse {
        HTTPResponse(
            status: 200, headers: [("Content-Type", "application/json")],
            body: .stream { writer in
                try await writer.write(Array(#"{"model":"\#(call.model)","padding":""#.utf8))
                let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
                for _ in 0..<100 { try await writer.write(megabyte) }
                try await writer.write(Array(#""}"#.utf8))
            })
    }

    private func failure(_ status: Int) -> HTTPResponse {
        let type = status == 429 ? "rate_limit_exceeded" : status < 500 ? "invalid_request_error" : "server_error"
        var response = json(
            status, #"{"error":{"message":"mock answers \#(status)","type":"\#(type)","param":null,"code":"\#(type)"}}"#
        )
        if status == 429 { response.headers.append(("Retry-After", "1")) }
        return response
    }

    private func json(_ status: Int, _ body: String) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: .bytes(Array(body.utf8)))
    }
}
