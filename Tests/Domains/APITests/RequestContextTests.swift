// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import Observability
import SwiftExtensions
import Testing

@Suite struct RequestContextTests {
    private func context(
        _ body: String = "", type: String? = nil, query: String? = nil, parameters: [String: String] = [:],
        principal: Principal? = nil
    ) -> RequestContext {
        let headers = HTTPHeaders(type.map { [("content-type", $0)] } ?? [])
        return RequestContext(
            request: HTTPRequest(method: .post, path: "/", query: query, headers: headers, body: Array(body.utf8)),
            id: .v7(), origin: Origin(address: "127.0.0.1", userAgent: nil), principal: principal,
            parameters: parameters, trace: .root())
    }

    @Test(
        "JSON by any of its names is read, and a body that does not say what it is",
        arguments: [
            nil, "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;q=1",
            "application/merge-patch+json",
        ])
    func media(type: String?) throws {
        var fields = try context(#"{"a":"b"}"#, type: type).fields()
        #expect(try fields.string("a") == "b")
    }

    @Test(
        "another media type is refused with 415",
        arguments: [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=application/json", "",
            "application/jsonp", "text/json-not",
        ])
    func otherMedia(type: String) {
        let error = #expect(throws: DomainError.self) { try context("{}", type: type).fields() }
        #expect(error?.status == 415)
        #expect(error?.shouldRetry == false)
    }

    @Test("broken JSON is refused with the place where it breaks")
    func position() {
        let error = #expect(throws: DomainError.self) { try context("{\"a\":1,\n  oops}").fields() }
        #expect(error?.status == 400)
        #expect(error?.code == "invalid_json")
        #expect(error?.message.contains("line 2") == true)
    }

    @Test("what is JSON but no object is refused", arguments: ["[]", "null", "1", "\"a\"", "true"])
    func noObject(body: String) {
        let error = #expect(throws: DomainError.self) { try context(body).fields() }
        #expect(error?.status == 400)
    }

    @Test("a field that stands there twice is refused by its name")
    func twice() {
        let error = #expect(throws: DomainError.self) { try context(#"{"name":"a","name":"b"}"#).fields() }
        #expect(error?.status == 400)
        #expect(error?.parameter == "name")
        #expect(error?.message.contains("name") == true)
    }

    @Test("an unknown field is refused by its name, and the near one is shown")
    func unknown() throws {
        var fields = try context(#"{"name":"a","rol":"admin"}"#).fields()
        let error = #expect(throws: DomainError.self) {
            try reading {
                _ = try fields.string("name")
                _ = try fields.optionalString("role")
                try fields.finish()
            }
        }
        #expect(error?.status == 400)
        #expect(error?.parameter == "rol")
        #expect(error?.message.contains("role") == true)
    }

    @Test("errors of a reader that are not about fields show nothing of their cause")
    func foreign() {
        struct Oops: Error {}
        let error = #expect(throws: DomainError.self) { try reading { throw Oops() } }
        #expect(error == .unforeseen)
    }

    @Test("an id in the path that is none of ours is simply not there")
    func pathID() throws {
        let id = UniqueID.v7()
        #expect(try context(parameters: ["id": id.description]).pathID() == id)
        for text in ["1", "", "\(id)/"] {
            let error = #expect(throws: DomainError.self) { try context(parameters: ["id": text]).pathID() }
            #expect(error?.status == 404)
        }
    }

    @Test("the page is read from the query")
    func page() throws {
        let id = UniqueID.v7()
        let page = try context(query: "limit=7&after=\(id)").page()
        #expect(page.limit == 7)
        #expect(page.after == id)
        #expect(throws: DomainError.self) { try context(query: "limit=").page() }
    }

    @Test("a list says where its next page begins, and that there is none")
    func pages() throws {
        let items: [JSONValue] = [["id": "b"], ["id": "a"]]
        #expect(try HTTPResponse.page(items, limit: 2).json()["next"]?.string == "a")
        #expect(try HTTPResponse.page(items, limit: 3).json()["next"] == JSONValue.null)
        #expect(try HTTPResponse.page([], limit: 3).json()["data"]?.elements == [])
    }

    @Test("without a caller there is a 401, not a crash")
    func noCaller() {
        let error = #expect(throws: DomainError.self) { try context().caller() }
        #expect(error?.status == 401)
    }
}
