// SPDX-License-Identifier: Apache-2.0
import API
import Audit
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions
import TestSupport

@testable import Identity

/// The rights of people on a database of its own, with people to have them.
struct PrivacyFixture: Served, Sendable {
    let base: Fixture
    let seal: PersonalSeal
    let audit: AuditService
    let holds: LegalHoldService
    let erasures: ErasureService
    let exports: PersonExportService
    let signing: Ed25519.PrivateKey
    var endpoints: [Endpoint] { holds.endpoints + erasures.endpoints + exports.endpoints }

    init(_ base: Fixture) throws {
        let masterKey = try MasterKey(Secret([UInt8](repeating: 7, count: 32)))
        let signing = try Ed25519.PrivateKey(seed: Secret([UInt8](repeating: 8, count: 32)))
        self.base = base
        self.signing = signing
        seal = PersonalSeal(masterKey)
        audit = AuditService(database: base.database, seal: seal)
        holds = LegalHoldService(database: base.database)
        let signer = ErasureSigner(publicKey: signing.publicKey, masterKeyID: masterKey.id) {
            signing.sign(Array($0.utf8))
        }
        erasures = ErasureService(database: base.database, signer: signer, monitor: base.monitor)
        exports = PersonExportService(database: base.database, audit: audit)
    }

    static func with<Value>(_ body: (PrivacyFixture) async throws -> Value) async throws -> Value {
        try await Fixture.with { try await body(try PrivacyFixture($0)) }
    }

    /// In an organization with an administrator and a developer, of whom the schema holds everything that it can.
    static func withAda<Value>(
        _ body: (PrivacyFixture, _ admin: Principal, _ ada: Principal) async throws -> Value
    ) async throws -> Value {
        try await with { fixture in
            let admin = try fixture.organization("one")
            let ada = try fixture.person("ada", role: .developer, in: admin.organization)
            try await fixture.plant(ada)
            return try await body(fixture, admin, ada)
        }
    }

    /// An organization and its administrator.
    func organization(_ slug: String) throws -> Principal {
        let organization = UniqueID.v7()
        try base.store.psql(
            "INSERT INTO auth.organizations (id, name, slug) VALUES ('\(organization)', '\(slug)', '\(slug)')")
        return try person("admin-of-\(slug)", role: .admin, in: organization)
    }

    /// Somebody who belongs to the organization, signed in from an address of their own.
    func person(_ name: String, role: Role, in organization: UniqueID, id: UniqueID? = nil) throws -> Principal {
        let person = id ?? .v7()
        if id == nil {
            try base.store.psql(
                """
                INSERT INTO auth.users (id, email, name, password_hash, totp_secret, totp_dek, totp_master_key_id)
                VALUES ('\(person)', '\(name)@planted.example', '\(name) planted-name',
                        '$argon2id$planted-hash-of-\(name)',
                        'planted-totp-of-\(name)', 'dek', 'k')
                """)
        }
        try base.store.psql(
            """
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(organization)', '\(person)', '\(role)')
            """)
        var principal = Principal(
            organization: organization, caller: .person(person), session: .v7(), user: person, name: role.rawValue,
            role: role, permissions: role.permissions.union([.manageAccount]),
            policy: OrganizationPolicy(contentRetention: true, durableAnswers: true, unknownPriceCeiling: nil))
        principal.origin = Origin(address: "203.0.113.99", userAgent: "planted-agent \(name)", seal: seal)
        return principal
    }

    /// Everything that the schema can hold of a person, each text with `planted` in it.
    func plant(_ principal: Principal) async throws {
        let (organization, person) = (principal.organization, principal.id)
        let (key, call, talk) = (UniqueID.v7(), UniqueID.v7(), UniqueID.v7())
        try base.store.psql(
            """
            INSERT INTO auth.api_keys (org_id, id, name, role, key_hash, last_four, user_id, allowed_addresses)
            VALUES ('\(organization)', '\(key)', 'planted-laptop', 'developer', sha256('\(key)'), 'abcd', '\(person)',
                    '{203.0.113.99/32}');
            INSERT INTO auth.sessions (org_id, id, family_id, user_id, refresh_token_hash, device_info, ip_address,
                                       expires_at)
            VALUES ('\(organization)', '\(UniqueID.v7())', '\(UniqueID.v7())', '\(person)', sha256('\(person)'),
                    '{"user_agent": "planted-browser"}', '203.0.113.99', now() + interval '1 day');
            INSERT INTO auth.invitations (org_id, id, code_hash, email, role, expires_at)
            SELECT '\(organization)', '\(UniqueID.v7())', sha256('i\(person)'), email, 'viewer',
                   now() + interval '1 day'
            FROM auth.users WHERE id = '\(person)';
            INSERT INTO auth.recovery_codes (id, user_id, code_hash)
            VALUES ('\(UniqueID.v7())', '\(person)', sha256('planted'));
            INSERT INTO auth.webauthn_credentials (id, user_id, credential_id, public_key, name)
            VALUES ('\(UniqueID.v7())', '\(person)', sha256('\(person)'), 'k', 'planted-passkey');
            INSERT INTO auth.sso_providers (org_id, id, name, issuer, client_id)
            VALUES ('\(organization)', '\(talk)', 'sso', 'https://issuer.example', '\(person)');
            INSERT INTO auth.sso_identities (org_id, sso_provider_id, subject, user_id, email)
            VALUES ('\(organization)', '\(talk)', 'planted-subject', '\(person)', 'planted@sso.example');
            INSERT INTO council.sessions (org_id, id, user_id) VALUES ('\(organization)', '\(talk)', '\(person)');
            INSERT INTO council.session_history (org_id, session_id, id, role, content)
            VALUES ('\(organization)', '\(talk)', '\(UniqueID.v7())', 'user', 'planted-message');
            INSERT INTO council.requests (org_id, id, api_key_id, status, model, stream, http_status, total_cost,
                total_latency_ms, request_sha256, request_content, response_content, consensus_decision,
                config_snapshot)
            VALUES ('\(organization)', '\(call)', '\(key)', 'completed', 'council/all', false, 200, 0, 1,
                    sha256('x'), 'planted-question', 'planted-answer', 'planted-decision', '{}');
            INSERT INTO council.council_responses (org_id, request_id, id, council_member_id, round_number, content,
                                                   token_usage, latency_ms)
            VALUES ('\(organization)', '\(call)', '\(UniqueID.v7())', 'm', 0, 'planted-opinion', '{}', 1);
            INSERT INTO orchestrator.notifications (org_id, id, channel, user_id, address, subject)
            VALUES ('\(organization)', '\(UniqueID.v7())', 'email', '\(person)', 'planted@mail.example',
                    'planted-subject');
            INSERT INTO production.analysis_sessions (org_id, id, user_id, metadata)
            VALUES ('\(organization)', '\(UniqueID.v7())', '\(person)', '{"for": "planted-analysis"}');
            INSERT INTO ops.idempotency_keys (org_id, actor, key, endpoint, request_sha256, state, response_status,
                                              response_body, expires_at)
            VALUES ('\(organization)', 'key:\(key)', 'k', 'POST /', sha256('x'), 'done', 200, 'planted-body',
                    now() + interval '1 day')
            """)
        try await base.database.transaction(organization: organization) { transaction in
            try await AuditService.append(
                "session.created", category: "auth", entity: "session:1",
                personal: PersonalFacts(of: person, [JSONMember("email", "planted@log.example")]),
                by: principal.actor, of: organization, in: transaction)
        }
    }

    /// Tables, rows of which have the text somewhere, as it is or in bytes, with how many.
    func find(_ text: String) throws -> [String] {
        let hex = text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let queries = try base.store.psql(
            """
            SELECT format('SELECT %L, (SELECT count(*) FROM %s t WHERE t::text LIKE %L OR t::text LIKE %L)',
                          c.oid::regclass, c.oid::regclass, '%\(text)%', '%\(hex)%')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_|information_schema'
            """
        ).split(separator: "\n").joined(separator: " UNION ALL ")
        let found = try base.store.psql("SELECT * FROM (\(queries)) x (name, count) WHERE count > 0")
        return found.split(separator: "\n").map { String($0.replacing("|", with: ": ")) }
    }

    func verifies(_ organization: UniqueID) async throws -> Bool {
        _ = try await SealerWorker(database: base.store.open(role: "witan_sealer")).sealPending()
        let (verification, entries) = try await audit.verify(organization)
        return verification.isIntact && verification.sealed == entries
    }
}
