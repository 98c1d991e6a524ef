// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import Testing

@Suite struct OpenAPITests {
    static let endpoints: [Endpoint] = [
        Endpoint(.get, "/healthz", permission: nil, summary: "Lives") { _ in HTTPResponse(status: 200) },
        Endpoint(
            .post, "/api/v1/keys", permission: .manageKeys, audit: "key.created", summary: "Makes a key",
            fields: [.init("name", "string", required: true, "1 to 200"), .init("role", "string", "which")]
        ) { _ in HTTPResponse(status: 201) },
        Endpoint(.get, "/api/v1/keys", permission: .readKeys, summary: "Lists") { _ in HTTPResponse(status: 200) },
        Endpoint(.get, "/v1/models/{id...}", permission: .readModels, summary: "One model", style: .openAI) { _ in
            HTTPResponse(status: 200)
        },
    ]
    let document = OpenAPI.document(endpoints, version: "1.2.3")

    @Test("the document is OpenAPI 3.1 of the program's version")
    func head() {
        #expect(document["openapi"]?.string?.hasPrefix("3.1") == true)
        #expect(document["info"]?["version"]?.string == "1.2.3")
        #expect(document["info"]?["title"]?.string?.isEmpty == false)
    }

    @Test("every endpoint is in it, under its path and method, with its summary")
    func complete() {
        for endpoint in Self.endpoints {
            let path = endpoint.path.replacing("...", with: "")
            let operation = document["paths"]?[path]?[endpoint.method.rawValue.lowercased()]
            #expect(operation?["summary"]?.string == endpoint.summary, "\(path)")
            #expect(operation?["responses"]?.members?.isEmpty == false)
        }
        #expect(document["paths"]?.members?.count == 3)
        #expect(document["paths"]?["/api/v1/keys"]?.members?.count == 2)
    }

    @Test("what needs a permission names its scheme and the permission; what is open to all does not")
    func security() throws {
        let post = try #require(document["paths"]?["/api/v1/keys"]?["post"])
        let scheme = try #require(post["security"]?[0]?.members?.first?.key)
        #expect(document["components"]?["securitySchemes"]?[scheme]?["scheme"]?.string == "bearer")
        #expect(post["x-permission"]?.string == "keys.manage")
        #expect(post["x-audit-action"]?.string == "key.created")
        let open = try #require(document["paths"]?["/healthz"]?["get"])
        #expect(open["security"] == nil)
        #expect(open["x-permission"] == nil)
    }

    @Test("values in the path are parameters, and a field that must be there is required")
    func parameters() throws {
        let model = try #require(document["paths"]?["/v1/models/{id}"]?["get"]?["parameters"]?[0])
        #expect(model["name"]?.string == "id")
        #expect(model["in"]?.string == "path")
        #expect(model["required"]?.bool == true)
        let schema = try #require(
            document["paths"]?["/api/v1/keys"]?["post"]?["requestBody"]?["content"]?["application/json"]?["schema"])
        #expect(schema["properties"]?.members?.map(\.key) == ["name", "role"])
        #expect(schema["required"]?.elements?.map(\.string) == ["name"])
    }
}
