// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Glibc
import HTTPServer
import JSON
import Observability
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// That who is refused stands in a log, through the responder as a client would be.
@Suite struct RefusedRequestTests {
    /// A node with the two doors of the tests: one that takes a right, and one that is open and refuses everybody.
    private struct Door: Sendable {
        let fixture: Fixture
        let worker: RefusedRequestWorker
        let responder: Responder
        let unknown = Locked<[RefusedStrangers]>([])

        init(_ fixture: Fixture) {
            self.fixture = fixture
            let unknown = unknown
            let worker = RefusedRequestWorker(database: fixture.database, monitor: fixture.monitor) { refusals in
                unknown.withLock { $0.append(refusals) }
            }
            self.worker = worker
            let open = Endpoint(.post, "/api/v1/sessions", permission: nil, summary: "") { _ in
                throw DomainError(.unauthenticated, code: "invalid_credentials", "No.")
            }
            responder = Responder(
                endpoints: fixture.keys.endpoints + [open],
                logger: Logger(LogOutput(descriptor: Glibc.open("/dev/null", O_WRONLY), format: .json)),
                clients: ClientAddress(seal: testSeal), refused: { worker.note($0) }
            ) { (credential, origin) throws(DomainError) in
                try fixture.monitor.principal(of: credential, from: origin)
            }
        }

        func send(_ credential: String?, from address: String = "192.0.2.7", _ method: HTTPMethod = .get) async -> Int {
            let headers = (credential.map { [("x-api-key", $0)] } ?? []) + [("user-agent", "tests/1")]
            let path = method == .get ? "/api/v1/keys" : "/api/v1/sessions"
            return await responder.respond(
                to: HTTPRequest(
                    method: method, path: path, headers: HTTPHeaders(headers), peer: address)
            ).status
        }

        /// `code count address` of what is in the log, the oldest first.
        func entries() throws -> [String] {
            try fixture.payloads("request.refused").map { entry in
                "\(entry["code"]?.string ?? "") \(entry["count"]?.integer ?? 0) \(entry["ip_address"]?.string ?? "")"
            }
        }
    }

    private func key(
        _ fixture: Fixture, by admin: Principal, _ role: Role = .admin, owner: UniqueID? = nil,
        _ set: (inout APIKeyLimits) -> Void = { _ in }
    ) async throws -> (id: UniqueID, text: String) {
        var limits = APIKeyLimits()
        set(&limits)
        let made = try await fixture.keys.create(
            try NewAPIKey(name: "k", role: RoleChoice(role), owner: owner, limits: limits), by: admin)
        return (made.id, made.token.text.reveal())
    }

    @Test("a key without the right, from elsewhere, expired or revoked stands in its organization's log, with address")
    func known() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization, role: "admin")
            let door = Door(fixture)
            let weak = try await key(fixture, by: admin, .viewer)
            let bound = try await key(fixture, by: admin, owner: user) { $0.allowedAddresses = ["10.0.0.0/8"] }
            let (old, expired) = try await key(fixture, by: admin)
            let (gone, revoked) = try await key(fixture, by: admin)
            try await fixture.keys.revoke(gone, by: admin)
            try fixture.store.psql("UPDATE auth.api_keys SET expires_at = now() WHERE id = '\(old)'")
            try await fixture.monitor.refresh()
            #expect(await door.send(weak.text, from: "192.0.2.1") == 403)
            #expect(await door.send(bound.text, from: "192.0.2.2") == 403)
            #expect(await door.send(expired, from: "192.0.2.3") == 401)
            #expect(await door.send(revoked, from: "192.0.2.4") == 401)
            #expect(try door.entries().isEmpty)
            try await door.worker.write()
            #expect(
                try door.entries().sorted() == [
                    "address_not_allowed 1 192.0.2.2", "invalid_api_key 1 192.0.2.3", "invalid_api_key 1 192.0.2.4",
                    "permission_denied 1 192.0.2.1",
                ])
            #expect(
                try fixture.count(
                    "audits.audit_log WHERE action = 'request.refused' AND outcome = 'failure' AND entity = actor")
                    == "4")
            // The address of a person's key is sealed.
            #expect(try fixture.count("audits.audit_log WHERE payload::text LIKE '%192.0.2.2%'") == "0")
            #expect(door.unknown.withLock { $0 }.isEmpty)
        }
    }

    @Test(
        "a person without the right, and the token of a session that was ended, stand there, too; an old token does not"
    )
    func people() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let door = Door(fixture)
            let ada = try fixture.person("ada", .viewer, in: admin.organization)
            _ = try fixture.person("root", .admin, in: admin.organization)
            try await fixture.monitor.refresh()
            #expect(await door.send(try fixture.token(of: ada)) == 403)
            let bob = try fixture.person("bob", .admin, in: admin.organization)
            let token = try fixture.token(of: bob)
            try await fixture.members.remove(bob.id, by: admin)
            #expect(await door.send(token) == 401)
            let late = AccessToken(
                organization: ada.organization, user: ada.id, session: .v7(), membershipVersion: 1, role: .admin,
                permissions: ada.permissions, issuedAt: .now() - .seconds(900), lifetime: .seconds(600)
            ).text(signedWith: tokenKey).reveal()
            #expect(await door.send(late) == 401)
            try await door.worker.write()
            #expect(
                try fixture.store.psql("SELECT actor FROM audits.audit_log WHERE action = 'request.refused'")
                    .split(separator: "\n").map(String.init).sorted()
                    == ["user:\(ada.id)", "user:\(bob.id)"].sorted())
            #expect(door.unknown.withLock { $0 }.isEmpty)
        }
    }

    @Test("of a caller and code there is one entry a minute, with the number since the last, and none that is allowed")
    func bounded() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let door = Door(fixture)
            let weak = try await key(fixture, by: admin, .viewer).text
            let good = try await key(fixture, by: admin).text
            let now = Timestamp.now()
            for (count, seconds) in [(1, 0), (3, 30), (4, 59)] as [(Int, Int64)] {
                for _ in 0..<count { #expect(await door.send(weak) == 403) }
                #expect(await door.send(good) == 200)
                try await door.worker.write(now: now + .seconds(seconds))
            }
            #expect(try door.entries() == ["permission_denied 1 192.0.2.7"])
            try await door.worker.write(now: now + .seconds(60))
            try await door.worker.write(now: now + .seconds(300))
            #expect(try door.entries() == ["permission_denied 1 192.0.2.7", "permission_denied 7 192.0.2.7"])
        }
    }

    @Test("a flood of made-up keys costs a few lookups and one line of the program's log a minute, and no entry")
    func flood() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let door = Door(fixture)
            let (id, revoked) = try await key(fixture, by: admin)
            try await fixture.keys.revoke(id, by: admin)
            #expect(await door.send(revoked) == 401)
            for _ in 0..<500 { #expect(await door.send(APIKeyToken.generate().text.reveal()) == 401) }
            for credential in ["", "x", "eyJhbGciOiJub25lIn0.e30.", "wtn_short"] {
                #expect(await door.send(credential) == 401)
            }
            #expect(await door.send(nil) == 401)
            #expect(await door.send("eyJ", .post) == 401)
            try await door.worker.write()
            #expect(try door.entries() == ["invalid_api_key 1 192.0.2.7"])
            let unknown = door.unknown.withLock { $0 }
            #expect(
                unknown.map { "\($0.code) \($0.count) \($0.endpoint) \($0.address)" } == [
                    "invalid_api_key 504 GET /api/v1/keys 192.0.2.7"
                ])
            // Found once, it is known.
            for _ in 0..<10 { #expect(await door.send(revoked) == 401) }
            try await door.worker.write(now: .now() + .seconds(61))
            #expect(try door.entries() == ["invalid_api_key 1 192.0.2.7", "invalid_api_key 10 192.0.2.7"])
        }
    }

    @Test("what cannot be written is counted on")
    func away() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let door = Door(fixture)
            let weak = try await key(fixture, by: admin, .viewer).text
            #expect(await door.send(weak) == 403)
            try fixture.store.psql("REVOKE INSERT ON audits.audit_log FROM witan_app")
            let now = Timestamp.now()
            await #expect(throws: (any Error).self) { try await door.worker.write(now: now) }
            try fixture.store.psql("GRANT INSERT ON audits.audit_log TO witan_app")
            #expect(await door.send(weak) == 403)
            try await door.worker.write(now: now + .seconds(61))
            #expect(try door.entries() == ["permission_denied 2 192.0.2.7"])
        }
    }

    @Test("the book holds a fixed number of callers; the rest is counted together")
    func size() {
        var book = RefusalBook()
        let organization = UniqueID.v7()
        for _ in 0..<(RefusalBook.linesMaximum + 100) {
            book.note(
                RefusedRequest(code: "permission_denied", endpoint: "GET /", origin: here),
                of: .known(KnownCaller(organization: organization, caller: .key(.v7()), person: nil)))
        }
        let due = book.takeDue(at: .now())
        #expect(due.count == RefusalBook.linesMaximum + 1)
        #expect(due.first { $0.caller == nil }?.count == 100)
        for _ in 0..<100 {
            book.note(
                RefusedRequest(code: "invalid_api_key", endpoint: "GET /", origin: here),
                of: .key(APIKeyToken.generate().hash))
        }
        #expect(book.takeLookups().count == RefusalBook.lookupsMaximum)
    }
}
