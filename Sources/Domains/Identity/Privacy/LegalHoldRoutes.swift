// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension LegalHoldService {
    /// Holds are placed and released, never changed.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/legal-holds", permission: .manageHolds, audit: "hold.placed",
                summary: "Places a legal hold: nothing of whom it covers is erased or dropped while it stands",
                fields: [
                    .init("user", "string", "id of the person; none holds the whole organization's data"),
                    .init("matter", "string", required: true, "the case it is for, 1 to 2000 characters"),
                ]
            ) { context in
                var fields = try context.fields()
                let hold = try reading {
                    let person = try fields.optionalID("user")
                    let matter = try fields.string("matter")
                    try fields.finish()
                    return try NewLegalHold(person: person, matter: matter)
                }
                return .json(try await place(hold, by: try context.caller()).view, status: 201)
            },
            Endpoint(
                .get, "/api/v1/legal-holds", permission: .manageHolds, summary: "The legal holds, newest first"
            ) { context in
                let page = try context.page()
                let holds = try await list(page, of: try context.caller().organization)
                return .page(holds.map(\.view), limit: page.limit)
            },
            Endpoint(
                .get, "/api/v1/legal-holds/{id}", permission: .manageHolds, summary: "One legal hold"
            ) { context in
                .json(try await find(try context.pathID(), of: try context.caller().organization).view)
            },
            Endpoint(
                .delete, "/api/v1/legal-holds/{id}", permission: .manageHolds, audit: "hold.released",
                summary: "Releases a legal hold for good; it stays in the list"
            ) { context in
                try await release(try context.pathID(), by: try context.caller())
                return HTTPResponse(status: 204)
            },
        ]
    }
}

extension LegalHold {
    var view: JSONValue {
        let reference = { (id: UniqueID?) -> JSONValue in id.map { .string($0.description) } ?? .null }
        return [
            "id": .string(id.description), "user": reference(person), "matter": .string(matter),
            "placed_by": reference(placedBy), "placed_at": .string(placedAt.description),
            "released_at": releasedAt.map { .string($0.description) } ?? .null, "released_by": reference(releasedBy),
        ]
    }
}
