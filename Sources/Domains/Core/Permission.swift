// SPDX-License-Identifier: Apache-2.0

/// What a caller may do. Endpoints name the one they need; roles are sets of them.
package enum Permission: String, Sendable, CaseIterable {
    case callModels = "models.call"
    case readModels = "models.read"
    case readProviders = "providers.read"
    case manageProviders = "providers.manage"
    case readKeys = "keys.read"
    case manageKeys = "keys.manage"
    case readAudit = "audit.read"
    case readUsage = "usage.read"
    case readStatus = "status.read"
    case manageOrganization = "organization.manage"
    case readRetention = "retention.read"
    case manageRetention = "retention.manage"
}

/// The four roles of a member or key, and the one place that says what each may do.
package enum Role: String, Sendable, CaseIterable {
    case admin, manager, developer, viewer

    /// All the role may do; roles do not inherit from each other.
    package var permissions: Set<Permission> {
        switch self {
        case .admin: Set(Permission.allCases)
        case .manager:
            [
                .callModels, .readModels, .readProviders, .manageProviders, .readKeys, .manageKeys, .readAudit,
                .readUsage, .readStatus, .readRetention,
            ]
        case .developer: [.callModels, .readModels, .readProviders, .readUsage, .readStatus]
        case .viewer: [.readModels, .readProviders, .readUsage, .readStatus]
        }
    }
}
