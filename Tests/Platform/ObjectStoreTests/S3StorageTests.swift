// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import ObjectStore

@Suite struct S3StorageTests {
    @Test("the signature is that of Amazon's example")
    func signature() throws {
        let signature = S3Signature(
            credentials: S3Credentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")), region: "us-east-1")
        let time = Timestamp(microseconds: 1_369_353_600_000_000)
        let get = signature.headers(
            "GET", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", query: [], body: [],
            headers: [("Range", "bytes=0-9")], at: time)
        #expect(
            get.last?.value
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        let list = signature.headers(
            "GET", host: "examplebucket.s3.amazonaws.com", path: "/", query: [("max-keys", "2"), ("prefix", "J")],
            body: [], headers: [], at: time)
        #expect(
            list.last?.value.hasSuffix("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") == true)
    }

    @Test("names and queries are encoded as RFC 3986 has it")
    func encoding() {
        #expect(S3Signature.encode("a/b c~-_.ä", keepSlash: true) == "a/b%20c~-_.%C3%A4")
        #expect(S3Signature.text(of: [("b", "x/y"), ("a", "")]) == "a=&b=x%2Fy")
    }

    @Test("small objects go up in one request, large ones in parts, and both come down in ranges")
    func roundTrip() async throws {
        let bucket = try FakeBucket()
        let storage = try bucket.storage()
        let large = (0..<20 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
        try await storage.write([1, 2, 3], to: "a/small")
        let writer = try await storage.create("a/large")
        try await writer.write(Array(large[..<10_000_000]))
        #expect(bucket.state.withLock { $0.objects.count } == 1)
        try await writer.write(Array(large[10_000_000...]))
        try await writer.finish()
        #expect(bucket.state.withLock { $0.parts.map(\.value.count).sorted() } == [4 << 20, 16 << 20])
        #expect(try await storage.read("a/small", limit: 10) == [1, 2, 3])
        #expect(try await storage.read("a/large", limit: 32 << 20) == large)
        #expect(bucket.state.withLock { $0.objects.keys.sorted() }.last == "/bucket/some/prefix/a/small")
        try await storage.write([4], to: "a/third")
        #expect(try await storage.list("a/").map(\.name) == ["a/large", "a/small", "a/third"])
        #expect(try await storage.list("a/l").map(\.bytes) == [20 << 20])
        try await storage.remove("a/large")
        #expect(try await storage.list("").map(\.name) == ["a/small", "a/third"])
        await #expect(throws: ObjectStoreError.missing(name: "a/large", address: "s3://bucket/some/prefix")) {
            try await storage.read("a/large", limit: 1)
        }
    }

    @Test("passing troubles are tried again, lasting ones told with the server's own words")
    func faults() async throws {
        let bucket = try FakeBucket()
        let storage = try bucket.storage()
        bucket.state.withLock { $0.faults = [503, 500, 429] }
        try await storage.write([1], to: "x")
        #expect(bucket.state.withLock { $0.requests.count } == 4)
        bucket.state.withLock { $0.faults = [403] }
        let refused = ObjectStoreError.refused(
            address: "s3://bucket/some/prefix", status: 403, code: "Fault", message: "to <order>")
        await #expect(throws: refused) { try await storage.write([1], to: "x") }
        bucket.state.withLock { $0.faults = [500, 500, 500, 500, 500] }
        await #expect(throws: ObjectStoreError.self) { try await storage.read("x", limit: 10) }
        #expect(bucket.state.withLock { $0.faults } == [])
    }

    @Test("an upload that fails at its end is no object, and its parts are taken back")
    func failedCompletion() async throws {
        let bucket = try FakeBucket()
        bucket.state.withLock { $0.failsToComplete = true }
        await #expect(throws: ObjectStoreError.self) {
            try await bucket.storage().write([UInt8](repeating: 1, count: 17 << 20), to: "x")
        }
        bucket.state.withLock {
            #expect($0.objects.isEmpty && $0.parts.isEmpty)
            #expect($0.requests.last?.hasPrefix("DELETE /bucket/some/prefix/x?uploadId=up%26load") == true)
        }
    }

    @Test("an object that is replaced while it is read is noticed")
    func changed() async throws {
        let bucket = try FakeBucket()
        let storage = try bucket.storage()
        try await storage.write([UInt8](repeating: 1, count: 9 << 20), to: "x")
        let reader = try await storage.open("x")
        #expect(try await reader.next()?.count == 8 << 20)
        bucket.state.withLock { $0.version = 2 }
        await #expect(throws: ObjectStoreError.changed(name: "x")) { try await reader.next() }
    }

    @Test("an address that is none, and a server that is not there, are refused with a sentence")
    func addresses() async throws {
        let bucket = try FakeBucket()
        for address in ["s3://", "bucket/x", "s3://b/ü", "s3://a?b"] {
            #expect(throws: ObjectStoreError.self) { try bucket.storage(address) }
        }
        #expect(try bucket.storage("s3://bucket").address == "s3://bucket")
    }

    @Test("values are found in XML, with their entities, and what does not fit is not found")
    func xml() {
        let text = XMLText(Array("<A x=\"1\"><Keys/><Key>a&amp;&#98;&#x63;&lt;&bad;</Key><Key>2</Key><B>".utf8))
        #expect(text.all("Key").map(\.text) == ["a&bc<&bad;", "2"])
        #expect(text.first("B") == nil)
        #expect(text.first("Ke") == nil)
        #expect(XMLText.escape("a<b>&") == "a&lt;b&gt;&amp;")
    }
}
