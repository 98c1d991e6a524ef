// SPDX-License-Identifier: Apache-2.0
import API
import Cryptography
import Identity
import Postgres

/// Everything about who may do what, made once, in order.
struct IdentityParts: Sendable {
    let monitor: IdentityMonitor
    let organizations: OrganizationService
    let keys: APIKeyService
    let keyUsage: APIKeyUsageWorker

    /// `announce` tells other nodes that they should look.
    init(
        _ configuration: Configuration, database: Database, masterKey: MasterKey,
        announce: @escaping @Sendable () -> Void
    ) {
        let pepper = masterKey.subkey("api keys")
        let monitor = IdentityMonitor(
            database: database, pepper: pepper, tokenKey: masterKey.subkey("access tokens"), onChange: announce)
        self.monitor = monitor
        organizations = OrganizationService(database: database, pepper: pepper, monitor: monitor)
        keys = APIKeyService(database: database, pepper: pepper, monitor: monitor)
        keyUsage = APIKeyUsageWorker(database: database, monitor: monitor)
    }

    var endpoints: [Endpoint] { organizations.endpoints + keys.endpoints }
}
