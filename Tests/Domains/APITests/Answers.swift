// SPDX-License-Identifier: Apache-2.0
import API
import Core
import HTTPServer
import JSON
import SwiftExtensions

extension HTTPResponse {
    /// The value of the one header of that name.
    func header(_ name: String) -> String? {
        let values = headers.filter { $0.name.lowercased() == name }.map(\.value)
        return values.count == 1 ? values[0] : nil
    }

    /// The body, which must be JSON.
    func json() throws -> JSONValue {
        guard case .bytes(let bytes) = body else { return .null }
        return try JSONValue(parsing: bytes)
    }
}

/// A caller of one organization.
func caller(_ role: Role, allowedModels: [String] = []) -> Principal {
    Principal(
        organization: UniqueID(high: 1, low: 1), caller: .key(UniqueID(high: 2, low: 2)), name: role.rawValue,
        role: role,
        allowedModels: allowedModels,
        policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
}
