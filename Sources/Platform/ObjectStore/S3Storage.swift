// SPDX-License-Identifier: Apache-2.0
package import HTTPClient
import SwiftExtensions

/// Objects in a bucket of an S3-compatible server (AWS, MinIO, Ceph …), by path-style addresses.
///
/// Large objects go up as multipart uploads of 16 MiB parts (so at most 160 GB an object) and come down in ranges of
/// 8 MiB; each request is tried up to five times.
package struct S3Storage: ObjectStorage {
    /// Where the bucket is and who asks.
    package struct Configuration: Sendable {
        /// `https://host` or `http://host:port`, without a path; nil is AWS's address of the region.
        package var endpoint: String?
        /// Such as `eu-central-1`; servers that have none take `us-east-1`.
        package var region: String
        /// Who signs.
        package var credentials: S3Credentials

        package init(endpoint: String? = nil, region: String = "us-east-1", credentials: S3Credentials) {
            self.endpoint = endpoint
            self.region = region
            self.credentials = credentials
        }
    }

    /// What stands in messages.
    package let address: String
    private let bucket: String
    private let prefix: String
    private let requests: S3Requests

    /// - Parameter address: `s3://bucket` or `s3://bucket/prefix`.
    /// - Throws: `invalidAddress`.
    package init(
        _ address: String, configuration: Configuration, client: HTTPClient
    ) throws(ObjectStoreError) {
        let parts = address.dropFirst("s3://".count).split(separator: "/", maxSplits: 1)
        guard address.hasPrefix("s3://"), let bucket = parts.first, !bucket.contains(where: { "?#@ ".contains($0) })
        else { throw .invalidAddress(address, reason: "give s3://bucket or s3://bucket/prefix") }
        let prefix = parts.count > 1 ? parts[1].split(separator: "/").joined(separator: "/") : ""
        guard prefix.isEmpty || isObjectName(prefix) else {
            throw .invalidAddress(address, reason: "its prefix has characters that are not letters, digits or -_./")
        }
        self.bucket = String(bucket)
        self.prefix = prefix.isEmpty ? "" : prefix + "/"
        self.address = "s3://\(bucket)" + (prefix.isEmpty ? "" : "/\(prefix)")
        requests = try S3Requests(configuration, client: client, address: self.address)
    }

    private func path(_ name: String) throws(ObjectStoreError) -> String {
        guard isObjectName(name) else { throw .invalidName(name) }
        return "/\(S3Signature.encode(bucket, keepSlash: false))/"
            + S3Signature.encode(prefix + name, keepSlash: true)
    }

    /// By name, those that are whole.
    package func list(_ wanted: String) async throws(ObjectStoreError) -> [StoredObject] {
        var found: [StoredObject] = []
        var token: String?
        repeat {
            var query = [("list-type", "2"), ("prefix", prefix + wanted)]
            if let token { query.append(("continuation-token", token)) }
            let answer = try await requests.send("GET", "/\(bucket)", query: query)
            let document = XMLText(answer.body)
            for entry in document.all("Contents") {
                guard let key = entry.first("Key"), let size = entry.first("Size").flatMap({ Int64($0.text) }) else {
                    continue
                }
                found.append(StoredObject(name: String(key.text.dropFirst(prefix.count)), bytes: size))
            }
            token = document.first("NextContinuationToken")?.text
        } while token != nil
        return found.sorted { $0.name < $1.name }
    }

    /// Begins an object, seen by nobody before it is finished.
    package func create(_ name: String) async throws(ObjectStoreError) -> any ObjectWriter {
        S3Writer(requests, path: try path(name))
    }

    /// Reads an object in order, from its beginning.
    package func open(_ name: String) async throws(ObjectStoreError) -> any ObjectReader {
        S3Reader(requests, path: try path(name), name: name, address: address)
    }

    /// Removes an object, or nothing when there is none.
    package func remove(_ name: String) async throws(ObjectStoreError) {
        _ = try await requests.send("DELETE", try path(name), accepting: [200, 204, 404])
    }
}

/// One object on its way up: one request when it is small, else a multipart upload.
private final class S3Writer: ObjectWriter {
    private static let partSize = 16 << 20
    private let requests: S3Requests
    private let path: String
    private var pending: [UInt8] = []
    private var upload: String?
    private var tags: [String] = []

    init(_ requests: S3Requests, path: String) {
        self.requests = requests
        self.path = path
    }

    func write(_ bytes: [UInt8]) async throws(ObjectStoreError) {
        pending.append(contentsOf: bytes)
        while pending.count >= Self.partSize {
            let part = Array(pending.prefix(Self.partSize))
            pending.removeFirst(Self.partSize)
            try await send(part)
        }
    }

    private func send(_ part: [UInt8]) async throws(ObjectStoreError) {
        let upload = try await begun()
        let query = [("partNumber", String(tags.count + 1)), ("uploadId", upload)]
        let answer = try await requests.send("PUT", path, query: query, body: part)
        tags.append(answer.headers["etag"] ?? "")
    }

    private func begun() async throws(ObjectStoreError) -> String {
        if let upload { return upload }
        let answer = try await requests.send("POST", path, query: [("uploads", "")])
        guard let begun = XMLText(answer.body).first("UploadId")?.text else {
            throw requests.refusal(answer)
        }
        upload = begun
        return begun
    }

    func finish() async throws(ObjectStoreError) {
        guard let upload else {
            _ = try await requests.send("PUT", path, body: pending)
            return pending = []
        }
        if !pending.isEmpty { try await send(pending) }
        pending = []
        let parts = tags.enumerated().map { number, tag in
            "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(XMLText.escape(tag))</ETag></Part>"
        }
        let list = "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
        let answer = try await requests.send("POST", path, query: [("uploadId", upload)], body: Array(list.utf8))
        // The status was sent before the work was done: a failure comes as an error in the body of a 200.
        guard XMLText(answer.body).first("ETag") != nil else { throw requests.refusal(answer) }
        self.upload = nil
    }

    func abandon() async {
        pending = []
        guard let upload else { return }
        self.upload = nil
        _ = try? await requests.send("DELETE", path, query: [("uploadId", upload)], accepting: [200, 204, 404])
    }
}

/// One object on its way down, range by range, all of the same version.
private final class S3Reader: ObjectReader {
    private static let rangeSize: Int64 = 8 << 20
    private let requests: S3Requests
    private let path: String
    private let name: String
    private let address: String
    private var position: Int64 = 0
    private var size: Int64?
    private var tag: String?

    init(_ requests: S3Requests, path: String, name: String, address: String) {
        self.requests = requests
        self.path = path
        self.name = name
        self.address = address
    }

    func next() async throws(ObjectStoreError) -> [UInt8]? {
        if let size, position >= size { return nil }
        var headers = [(name: "range", value: "bytes=\(position)-\(position + Self.rangeSize - 1)")]
        if let tag { headers.append((name: "if-match", value: tag)) }
        let answer = try await requests.send(
            "GET", path, headers: headers, accepting: [200, 206, 404, 412, 416])
        switch answer.status {
        case 404: throw .missing(name: name, address: address)
        case 412: throw .changed(name: name)
        // Nothing is at the first byte of an empty object.
        case 416: if position == 0 { return nil } else { throw .changed(name: name) }
        default: break
        }
        if answer.status == 206 {
            let total = answer.headers["content-range"]?.split(separator: "/").last.flatMap { Int64($0) }
            guard let total, size == nil || size == total else { throw .changed(name: name) }
            size = total
        } else {
            guard position == 0 else { throw .changed(name: name) }
            size = Int64(answer.body.count)
        }
        tag = tag ?? answer.headers["etag"]
        position += Int64(answer.body.count)
        guard !answer.body.isEmpty || position == size else { throw .changed(name: name) }
        return answer.body
    }
}
