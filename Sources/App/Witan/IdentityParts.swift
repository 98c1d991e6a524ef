// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Cryptography
import Identity
import Mail
import Postgres

/// Everything about who may do what, made once, in order.
struct IdentityParts: Sendable {
    let monitor: IdentityMonitor
    let organizations: OrganizationService
    let keys: APIKeyService
    let keyUsage: APIKeyUsageWorker
    let mailQueue: MailQueue
    let mail: MailService
    let privacy: PrivacyParts

    /// `announce` tells other nodes that they should look.
    init(
        _ configuration: Configuration, database: Database, masterKey: MasterKey, observer: Observer,
        announce: @escaping @Sendable () -> Void
    ) throws {
        let pepper = masterKey.subkey("api keys")
        let monitor = IdentityMonitor(
            database: database, pepper: pepper, tokenKey: masterKey.subkey("access tokens"), onChange: announce)
        self.monitor = monitor
        organizations = OrganizationService(database: database, pepper: pepper, monitor: monitor)
        keys = APIKeyService(database: database, pepper: pepper, monitor: monitor)
        mailQueue = MailQueue(sender: try configuration.mailSender(Terminal.standard.write), observe: observer.mail)
        mail = MailService(queue: mailQueue, from: try configuration.mailFrom(), publicURL: configuration.publicURL)
        privacy = try PrivacyParts(database: database, masterKey: masterKey, monitor: monitor)
        keyUsage = APIKeyUsageWorker(database: database, monitor: monitor)
    }

    var endpoints: [Endpoint] { organizations.endpoints + keys.endpoints + privacy.endpoints }
}
