// SPDX-License-Identifier: Apache-2.0
import Core
import HTTPServer
package import JSON

/// The OpenAPI 3.1 description of an endpoint table.
package enum OpenAPI {
    /// Paths in alphabetical order, each with its methods, permission and audit action; `version` is the program's.
    package static func document(_ endpoints: [Endpoint], version: String) -> JSONValue {
        var paths: [String: [JSONMember]] = [:]
        for endpoint in endpoints {
            paths[endpoint.path.replacing("...}", with: "}"), default: []].append(
                JSONMember(endpoint.method.rawValue.lowercased(), operation(endpoint)))
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": "Witan", "version": .string(version), "license": ["name": "Apache-2.0"]],
            "paths": .object(
                paths.sorted { $0.key < $1.key }.map {
                    JSONMember($0.key, .object($0.value.sorted { $0.key < $1.key }))
                }),
            "components": ["securitySchemes": ["key": ["type": "http", "scheme": "bearer"]]],
        ]
    }

    private static func operation(_ endpoint: Endpoint) -> JSONValue {
        var members: [JSONMember] = [JSONMember("summary", .string(endpoint.summary))]
        let names = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }
            .map { String($0.dropFirst().dropLast().replacing("...", with: "")) }
        if !names.isEmpty {
            members.append(
                JSONMember(
                    "parameters",
                    .array(
                        names.map {
                            ["name": .string($0), "in": "path", "required": true, "schema": ["type": "string"]]
                        })))
        }
        if !endpoint.fields.isEmpty { members.append(JSONMember("requestBody", body(endpoint.fields))) }
        members.append(JSONMember("responses", ["default": ["description": "The answer, or an error."]]))
        if let permission = endpoint.permission {
            members.append(JSONMember("security", [["key": []]]))
            members.append(JSONMember("x-permission", .string(permission.name)))
        }
        if let audit = endpoint.audit { members.append(JSONMember("x-audit-action", .string(audit))) }
        return .object(members)
    }

    private static func body(_ fields: [Endpoint.Field]) -> JSONValue {
        let properties = fields.map {
            JSONMember($0.name, ["type": .string($0.type), "description": .string($0.summary)])
        }
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        return [
            "required": true,
            "content": [
                "application/json": [
                    "schema": ["type": "object", "properties": .object(properties), "required": .array(required)]
                ]
            ],
        ]
    }
}
