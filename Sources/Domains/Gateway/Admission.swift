// SPDX-License-Identifier: Apache-2.0
package import Core
package import Providers
package import SwiftExtensions

/// The one chokepoint: whether a call may run. Pure; everything it looks at is in memory.
package enum Admission {
    /// What the rest of a call's life needs, once it may run.
    package struct Admitted: Sendable {
        /// Which model, of which provider.
        package let model: CatalogModel
        /// In force when the call was admitted, for its whole life.
        package let price: Price
        /// What the call would cost if the process died now: kept in the journal until the real record is there.
        package let assumed: TokenUsage
    }

    /// Refuses with 403 (permission, model not allowed, price unknown) or 404 (no such model).
    package static func decide(
        _ request: ChatRequest, by principal: Principal, catalog: Catalog, now: Timestamp
    ) throws(DomainError) -> Admitted {
        try decide(
            model: request.model.name, assumed: TokenEstimate.worstCase(request), by: principal, catalog: catalog,
            now: now)
    }

    /// The same for any call of a model that may use `assumed`.
    package static func decide(
        model name: String, assumed: TokenUsage, by principal: Principal, catalog: Catalog, now: Timestamp
    ) throws(DomainError) -> Admitted {
        let own = catalog.organizations[principal.organization] ?? OrganizationCatalog()
        let model = try own.find(name)
        guard principal.allowedModels.isEmpty || principal.allowedModels.contains(model.name) else {
            throw DomainError(
                .forbidden, code: "model_not_allowed",
                "\(principal.title) may not call \(model.name); it may call "
                    + "\(principal.allowedModels.joined(separator: ", ")).",
                parameter: "model", shouldRetry: false)
        }
        let price = try model.price(at: now, ceiling: principal.policy.unknownPriceCeiling)
        return Admitted(model: model, price: price, assumed: assumed)
    }
}
