// SPDX-License-Identifier: Apache-2.0
import API
import Audit
import Core
import Cryptography
import Identity
import Operations
import Postgres

/// The rights of the people whose data are held: export, erasure, legal holds.
struct PrivacyParts: Sendable {
    let holds: LegalHoldService
    let erasures: ErasureService
    let exports: PersonExportService

    init(database: Database, masterKey: MasterKey, monitor: IdentityMonitor) throws {
        let keys = try ArchiveKeys(masterKey)
        let signer = ErasureSigner(publicKey: keys.publicKey, masterKeyID: keys.masterKeyID) { keys.sign($0) }
        let audit = AuditService(database: database, archiveKey: keys.publicKey, seal: PersonalSeal(masterKey))
        holds = LegalHoldService(database: database)
        erasures = ErasureService(database: database, signer: signer, monitor: monitor)
        exports = PersonExportService(database: database, audit: audit)
    }

    var endpoints: [Endpoint] { holds.endpoints + erasures.endpoints + exports.endpoints }
}
