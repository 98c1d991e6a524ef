// SPDX-License-Identifier: Apache-2.0
package import API
import Core
import HTTPServer
import SwiftExtensions

extension PersonExportService {
    /// One's own data, and those of others with the permission.
    package var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/api/v1/account/export", permission: .manageAccount, audit: "person.exported",
                summary: "A tar archive of what the organization holds about you"
            ) { context in
                try await archive(of: try await own(by: try context.caller()), context)
            },
            Endpoint(
                .post, "/api/v1/users/{id}/export", permission: .managePrivacy, audit: "person.exported",
                summary: "A tar archive of what the organization holds about a person"
            ) { context in
                try await archive(of: try context.pathID(), context)
            },
        ]
    }

    private func archive(of person: UniqueID, _ context: RequestContext) async throws -> HTTPResponse {
        let export = try await export(person, by: try context.caller())
        return HTTPResponse(
            status: 200,
            headers: [
                ("content-type", "application/x-tar"),
                ("content-disposition", "attachment; filename=\"witan-export-\(person).tar\""),
            ],
            body: .stream { client in try await export { try await client.write($0) } })
    }
}
