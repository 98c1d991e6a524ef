// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import EventLoop
import Glibc
import HTTPClient
import JSON
import ServerSentEvents
import SwiftExtensions

/// The HTTP API from the outside, for the client verbs. Reads `WITAN_URL` and `WITAN_API_KEY`.
struct APIClient: Sendable {
    static let url = Option<String>.value(
        "url", "address of the server", environment: "WITAN_URL", default: "http://127.0.0.1:8080")
    static let key = Option<String?>.optional("api-key", "key to call with", environment: "WITAN_API_KEY")
    static let options: [any Parameter] = [url, key]

    private let base: String
    private let key: Secret<String>?
    private let client: HTTPClient

    init(_ arguments: ParsedArguments) {
        base = arguments[Self.url].hasSuffix("/") ? String(arguments[Self.url].dropLast()) : arguments[Self.url]
        key = arguments[Self.key].map { Secret($0) }
        client = HTTPClient(
            configuration: HTTPClientConfiguration(
                userAgent: "witan/\(Version.current)", isProxied: Proxies.areNamed),
            loops: [EventLoop(name: "client")])
    }

    /// One request; an error answer becomes a failure with the server's own sentence.
    func send(_ method: String, _ path: String, body: JSONValue? = nil) async throws -> JSONValue {
        let response = try await fetch(method, path, body: body)
        guard (200..<300).contains(response.status) else { throw Self.failure(response.status, response.body) }
        return response.body.isEmpty ? .null : (try? JSONValue(parsing: response.body)) ?? .null
    }

    /// One request; nil for an error answer of this code, which the caller knows what to do about.
    func send(_ method: String, _ path: String, body: JSONValue, unless code: String) async throws -> JSONValue? {
        let response = try await fetch(method, path, body: body)
        let value = try? JSONValue(parsing: response.body)
        if (200..<300).contains(response.status) { return value ?? .null }
        if value?["code"]?.string == code { return nil }
        throw Self.failure(response.status, response.body)
    }

    private func fetch(_ method: String, _ path: String, body: JSONValue?) async throws -> HTTPClientResponse {
        do {
            return try await client.fetch(request(method, path, body: body))
        } catch {
            throw unreachable(error)
        }
    }

    /// A whole list, page after page, as one answer.
    func all(_ path: String) async throws -> JSONValue {
        var items: [JSONValue] = []
        var after = ""
        while true {
            let page = try await send("GET", "\(path)?limit=500\(after)")
            items += page["data"]?.elements ?? []
            guard let next = page["next"]?.string else { return ["data": .array(items), "next": .null] }
            after = "&after=\(PercentEncoding.encode(next))"
        }
    }

    /// A streamed request; `handle` gets the data of each event.
    func stream(_ path: String, body: JSONValue, handle: ([UInt8]) throws -> Void) async throws {
        do {
            let stream = try await client.open(request("POST", path, body: body))
            guard stream.status == 200 else {
                throw Self.failure(stream.status, try await stream.collect(limit: 1 << 20))
            }
            var parser = SSEParser()
            while let bytes = try await stream.next() {
                for event in try parser.feed(bytes) where event.hasData { try handle(event.data) }
            }
        } catch let error as HTTPClientError {
            throw unreachable(error)
        }
    }

    /// A long answer, piece by piece as it comes; throws when it is cut short.
    func download(_ path: String, handle: ([UInt8]) throws -> Void) async throws {
        do {
            let stream = try await client.open(request("POST", path, body: nil))
            guard stream.status == 200 else {
                throw Self.failure(stream.status, try await stream.collect(limit: 1 << 20))
            }
            while let bytes = try await stream.next() { try handle(bytes) }
        } catch let error as HTTPClientError {
            throw unreachable(error)
        }
    }

    private func request(_ method: String, _ path: String, body: JSONValue?) -> HTTPClientRequest {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if let key { headers.append(("authorization", "Bearer \(key.reveal())")) }
        if body != nil { headers.append(("content-type", "application/json")) }
        return HTTPClientRequest(method: method, url: base + path, headers: headers, body: body?.bytes ?? [])
    }

    private func unreachable(_ error: HTTPClientError) -> CommandFailure {
        CommandFailure(
            .unreachable,
            "No answer from \(base): \(error.description) 'witan serve' starts a server; --url names another.")
    }

    private static func failure(_ status: Int, _ body: [UInt8]) -> CommandFailure {
        let value = try? JSONValue(parsing: body)
        let said = value?["detail"]?.string ?? value?["error"]?["message"]?.string
        let isKey = value?["code"]?.string == "invalid_api_key" || value?["error"]?["code"]?.string == "invalid_api_key"
        let hint =
            status == 401 && isKey ? " Set WITAN_API_KEY; the first one is in admin.key in the data directory." : ""
        return CommandFailure(.failed, (said ?? "The server answered \(status).") + hint)
    }
}

extension ParsedArguments {
    /// Prints a list as a table, or as JSON where that was asked for.
    func show(_ items: [JSONValue], columns: [(title: String, key: String)], all: JSONValue) {
        if self[Commands.json] {
            terminal.write(all.description + "\n")
            return
        }
        var table = Table(columns.map { .init($0.title) })
        for item in items { table.append(columns.map { Self.cell(item[$0.key]) }) }
        terminal.write(table.text(terminal: terminal))
    }

    /// Prints one thing: its members as lines, or as JSON.
    func show(_ item: JSONValue) {
        if self[Commands.json] {
            terminal.write(item.description + "\n")
            return
        }
        let members = item.members ?? []
        let width = members.map(\.key.count).max() ?? 0
        for member in members {
            let name = member.key.replacing("_", with: " ")
            let gap = String(repeating: " ", count: width - name.count + 2)
            terminal.write("\(name)\(gap)\(Self.cell(member.value))\n")
        }
    }

    static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "–"
        case .string(let text): text
        case .array(let items): items.isEmpty ? "–" : items.map { cell($0) }.joined(separator: ", ")
        case .object(let members): members.map { "\($0.key): \(cell($0.value))" }.joined(separator: ", ")
        case .some(let other): other.description
        }
    }
}
