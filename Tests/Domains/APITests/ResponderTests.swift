// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Glibc
import HTTPServer
import JSON
import Observability
import SwiftExtensions
import Testing

@Suite struct ResponderTests {
    struct Secretive: Error { let cause = "password=hunter2" }
    struct Known: DomainErrorConvertible {
        let domainError: DomainError? = DomainError(.conflict, code: "known", "Known.")
    }
    struct Unknown: DomainErrorConvertible {
        let domainError: DomainError? = nil
        let cause = "password=hunter2"
    }

    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/open", permission: nil, summary: "") { context in
            .json(["principal": .bool(context.principal != nil), "trace": .string(context.trace.traceParent)])
        },
        Endpoint(.get, "/api/v1/keys", permission: .readKeys, summary: "") { context in
            .json(["caller": .string(try context.caller().name)])
        },
        Endpoint(.post, "/v1/chat/completions", permission: .callModels, summary: "", style: .openAI) { _ in
            .json(["ok": true])
        },
        Endpoint(.get, "/fails", permission: nil, summary: "") { _ in throw Secretive() },
        Endpoint(.get, "/known", permission: nil, summary: "") { _ in throw Known() },
        Endpoint(.get, "/unknown", permission: nil, summary: "") { _ in throw Unknown() },
        Endpoint(.get, "/v1/fails", permission: nil, summary: "", style: .openAI) { _ in throw Secretive() },
        Endpoint(.get, "/refuses", permission: nil, summary: "") { _ in
            throw DomainError(.conflict, code: "c", "Not now.")
        },
    ]

    private func respond(
        _ method: HTTPMethod, _ path: String, _ headers: [(name: String, value: String)] = [], logger: Logger? = nil
    ) async -> HTTPResponse {
        let quiet = Logger(LogOutput(descriptor: open("/dev/null", O_WRONLY), format: .json))
        let responder = Responder(endpoints: Self.endpoints, logger: logger ?? quiet) { key, _ in
            Role(rawValue: key).map { caller($0) }
        }
        return await responder.respond(to: HTTPRequest(method: method, path: path, headers: HTTPHeaders(headers)))
    }

    @Test(
        "a key is taken from each of the three headers that clients send it in",
        arguments: [
            ("authorization", "Bearer admin"), ("Authorization", "bearer admin"), ("authorization", "BEARER admin"),
            ("authorization", "Bearer   admin"), ("x-api-key", "admin"), ("api-key", "admin"), ("X-API-Key", "admin"),
        ])
    func credentials(name: String, value: String) async throws {
        let response = await respond(.get, "/api/v1/keys", [(name, value)])
        #expect(response.status == 200)
        #expect(try response.json()["caller"]?.string == "admin")
    }

    @Test(
        "without a valid key there is a 401, whatever is sent in its place",
        arguments: [
            [], [(name: "authorization", value: "")], [("authorization", "Bearer")], [("authorization", "Bearer ")],
            [("authorization", "admin")], [("authorization", "Basic admin")], [("authorization", "Bearer nobody")],
            [("authorization", "Bearer admin extra")], [("x-api-key", "")], [("api-key", "nobody")],
            [("cookie", "key=admin")],
            [("authorization", "Basic YTpi"), ("x-api-key", "admin")],
        ] as [[(name: String, value: String)]])
    func unauthenticated(headers: [(name: String, value: String)]) async throws {
        let response = await respond(.get, "/api/v1/keys", headers)
        #expect(response.status == 401)
        #expect(try response.json()["code"]?.string == "invalid_api_key")
        #expect(response.header("www-authenticate") != nil)
        #expect(response.header("x-should-retry") == "false")
    }

    @Test("a caller that lacks the permission gets a 403 that names it")
    func forbidden() async throws {
        let response = await respond(.get, "/api/v1/keys", [("x-api-key", "viewer")])
        #expect(response.status == 403)
        #expect(try response.json()["detail"]?.string?.contains("keys.read") == true)
        let chat = await respond(.post, "/v1/chat/completions", [("x-api-key", "viewer")])
        #expect(chat.status == 403)
        #expect(try chat.json()["error"]?["type"]?.string == "permission_error")
    }

    @Test("what is open to all needs no key, and looks at none")
    func openToAll() async throws {
        let response = await respond(.get, "/open", [("x-api-key", "nobody")])
        #expect(response.status == 200)
        #expect(try response.json()["principal"]?.bool == false)
    }

    @Test("an unknown path is a 404 in the words of whoever asks")
    func notFound() async throws {
        let management = await respond(.get, "/api/v1/nothing")
        #expect(management.status == 404)
        #expect(management.header("content-type") == "application/problem+json")
        let openAI = await respond(.get, "/v1/nothing")
        #expect(openAI.status == 404)
        #expect(try openAI.json()["error"]?["message"]?.string?.isEmpty == false)
    }

    @Test("another method is a 405 with the methods there are")
    func otherMethod() async throws {
        let response = await respond(.delete, "/api/v1/keys", [("x-api-key", "admin")])
        #expect(response.status == 405)
        #expect(response.header("allow") == "GET, HEAD")
        let chat = await respond(.get, "/v1/chat/completions")
        #expect(chat.header("allow") == "POST")
        #expect(try chat.json()["error"]?["code"]?.string == "method_not_allowed")
    }

    @Test(
        "every answer carries a request id of its own",
        arguments: ["/open", "/api/v1/keys", "/fails", "/refuses", "/nothing", "/v1/chat/completions"])
    func requestID(path: String) async throws {
        var seen: Set<String> = []
        for _ in 0..<3 {
            let id = try #require(await respond(.get, path).header("x-request-id"))
            #expect(UniqueID(id) != nil)
            seen.insert(id)
        }
        #expect(seen.count == 3)
    }

    @Test("an error nobody foresaw is a 500 that hides its cause", arguments: ["/fails", "/v1/fails", "/unknown"])
    func hides(path: String) async throws {
        let response = await respond(.get, path)
        #expect(response.status == 500)
        guard case .bytes(let bytes) = response.body else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("internal_error"))
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("Secretive"))
    }

    @Test("the log has the cause of an unforeseen error, with the request id that the client has")
    func logs() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LogOutput(descriptor: ends[1], format: .json)
        let response = await respond(.get, "/fails", logger: Logger(output))
        output.flush(within: .seconds(5))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[0], &buffer, buffer.count)
        let line = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        #expect(line.contains("hunter2"))
        #expect(line.contains(try #require(response.header("x-request-id"))))
    }

    @Test("errors of other layers that know what clients may be told are told so")
    func known() async throws {
        let response = await respond(.get, "/known")
        #expect(response.status == 409)
        #expect(try response.json()["code"]?.string == "known")
    }

    @Test("a trace that comes in goes on in a span of its own; a broken one begins anew")
    func traces() async throws {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let child = try #require(try await respond(.get, "/open", [("traceparent", parent)]).json()["trace"]?.string)
        #expect(child.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-"))
        #expect(child != parent)
        let anew = try #require(try await respond(.get, "/open", [("traceparent", "junk")]).json()["trace"]?.string)
        #expect(anew.utf8.count == 55)
        #expect(!anew.contains("0af7651916cd43dd"))
    }
}
