// SPDX-License-Identifier: Apache-2.0
import EventLoop
import HTTPClient
import HTTPServer
import SwiftExtensions

@testable import ObjectStore

/// A small S3 server with faults to order. What it does follows the "Amazon S3 API Reference"; signatures are checked
/// elsewhere, against the documentation's own and against another server.
final class FakeBucket: Sendable {
    struct State {
        var objects: [String: [UInt8]] = [:]
        var parts: [Int: [UInt8]] = [:]
        var requests: [String] = []
        /// The next answers' statuses, in place of the right ones.
        var faults: [Int] = []
        /// Whether completing an upload fails after its status was sent.
        var failsToComplete = false
        var version = 1
    }

    let state = Locked(State())
    private let loop = EventLoop(name: "bucket")
    private let server: HTTPServer
    let port: Int

    init() throws {
        let state = state
        var configuration = HTTPServerConfiguration(address: "127.0.0.1:0")
        configuration.maximumBodyBytes = 32 << 20
        server = HTTPServer(configuration: configuration, loops: [loop]) { request in
            state.withLock { Self.answer(request, &$0) }
        }
        port = try server.start()
    }

    deinit { loop.stop() }

    func storage(_ address: String = "s3://bucket/some/prefix") throws -> S3Storage {
        try S3Storage(
            address,
            configuration: .init(
                endpoint: "http://127.0.0.1:\(port)",
                credentials: S3Credentials(accessKeyID: "id", secretAccessKey: Secret("secret"))),
            client: HTTPClient(loops: [loop]))
    }

    private static func xml(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, body: .bytes(Array("<?xml version=\"1.0\"?>\n<Answer xmlns=\"x\">\(text)</Answer>".utf8)))
    }

    private static func answer(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        state.requests.append("\(request.method.rawValue) \(request.path)?\(request.query ?? "")")
        guard request.headers["authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=id/") == true else {
            return xml("<Code>AccessDenied</Code>", status: 403)
        }
        if !state.faults.isEmpty {
            return xml("<Code>Fault</Code><Message>to &lt;order&gt;</Message>", status: state.faults.removeFirst())
        }
        switch request.method {
        case .put:
            if let part = request.queryItem("partNumber").flatMap({ Int($0) }) {
                state.parts[part] = request.body
            } else {
                state.objects[request.path] = request.body
            }
            return HTTPResponse(status: 200, headers: [("etag", "\"\(request.body.count)&\"")])
        case .post:
            if request.queryItem("uploads") != nil { return xml("<UploadId>up&amp;load</UploadId>") }
            if state.failsToComplete { return xml("<Code>InternalError</Code>") }
            state.objects[request.path] = state.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            return xml("<ETag>x</ETag>")
        case .delete:
            if request.queryItem("uploadId") != nil { state.parts = [:] } else { state.objects[request.path] = nil }
            return HTTPResponse(status: 204)
        default: return request.queryItem("list-type") == nil ? object(request, &state) : list(request, state)
        }
    }

    private static func object(_ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        guard let bytes = state.objects[request.path] else { return xml("<Code>NoSuchKey</Code>", status: 404) }
        if let wanted = request.headers["if-match"], wanted != "\"\(state.version)\"" { return xml("", status: 412) }
        let range = (request.headers["range"] ?? "").dropFirst("bytes=".count).split(separator: "-").compactMap {
            Int($0)
        }
        guard range.count == 2, range[0] < bytes.count else { return xml("<Code>InvalidRange</Code>", status: 416) }
        let part = Array(bytes[range[0]...min(range[1], bytes.count - 1)])
        return HTTPResponse(
            status: 206,
            headers: [
                ("content-range", "bytes \(range[0])-\(range[1])/\(bytes.count)"), ("etag", "\"\(state.version)\""),
            ],
            body: .bytes(part))
    }

    /// Pages of two.
    private static func list(_ request: HTTPRequest, _ state: State) -> HTTPResponse {
        let prefix = request.path + "/" + (request.queryItem("prefix") ?? "")
        let all = state.objects.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        let from = request.queryItem("continuation-token").flatMap { Int($0) } ?? 0
        let entries = all.dropFirst(from).prefix(2).map {
            "<Contents><Key>\($0.key.dropFirst(request.path.count + 1))</Key><Size>\($0.value.count)</Size></Contents>"
        }
        let more = from + 2 < all.count ? "<NextContinuationToken>\(from + 2)</NextContinuationToken>" : ""
        return xml(entries.joined() + more)
    }
}
