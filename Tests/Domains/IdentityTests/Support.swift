// SPDX-License-Identifier: Apache-2.0
import API
import Audit
import Core
import Cryptography
import Glibc
import HTTPServer
import Identity
import JSON
import Observability
import Postgres
import SwiftExtensions
import TestSupport

let pepper = HMACSHA256(key: Secret(Array("a pepper of at least 32 bytes, for tests".utf8)))
let tokenKey = HMACSHA256(key: Secret(Array("a token key of at least 32 bytes, for tests".utf8)))

/// Lets a few fixtures be at once: a machine that serves a hundred databases answers none of them in time.
actor Gate {
    static let shared = Gate(width: 12)
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(width: Int) { free = width }

    func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        free += 1
    }
}

/// The identity domain on a database of its own.
struct Fixture: Sendable {
    let store: TestDatabase
    let database: Database
    let monitor: IdentityMonitor
    let keys: APIKeyService
    let organizations: OrganizationService
    let refusals: RefusalService
    /// What was refused and is nobody's.
    let unknown = Locked<[UnknownRefusal]>([])

    init(_ store: TestDatabase) {
        self.store = store
        database = store.open(role: "witan_app")
        monitor = IdentityMonitor(database: database, pepper: pepper, tokenKey: tokenKey)
        keys = APIKeyService(database: database, pepper: pepper, monitor: monitor)
        let unknown = unknown
        refusals = RefusalService(database: database) { refusal in unknown.withLock { $0.append(refusal) } }
        organizations = OrganizationService(database: database, pepper: pepper, monitor: monitor)
    }

    static func with<Value>(_ body: (Fixture) async throws -> Value) async throws -> Value {
        await Gate.shared.enter()
        do {
            let store = try await TestDatabase.make()
            do {
                let value = try await body(Fixture(store))
                try await store.close()
                await Gate.shared.leave()
                return value
            } catch {
                try? await store.close()
                throw error
            }
        } catch {
            await Gate.shared.leave()
            throw error
        }
    }

    /// An organization with one key, and who that key is.
    func organization(_ slug: String, role: Role = .admin) throws -> Principal {
        let principal = caller(role)
        try store.psql(
            """
            INSERT INTO auth.organizations (id, name, slug) VALUES ('\(principal.organization)', '\(slug)', '\(slug)');
            INSERT INTO auth.api_keys (org_id, id, name, role, key_hash, last_four)
            VALUES ('\(principal.organization)', '\(principal.id)', 'first', '\(role.rawValue)',
                    sha256('\(slug)'), 'abcd')
            """)
        return principal
    }

    /// The actions in the log, the oldest first.
    func actions() throws -> [String] {
        try store.psql("SELECT action FROM audits.audit_log ORDER BY id").split(separator: "\n").map(String.init)
    }

    func count(_ table: String) throws -> String { try store.psql("SELECT count(*) FROM \(table)") }
}

func caller(_ role: Role, organization: UniqueID = .v7()) -> Principal {
    Principal(
        organization: organization, caller: .key(.v7()), name: "first", role: role, allowedModels: [],
        policy: OrganizationPolicy(contentRetention: false, durableAnswers: true, unknownPriceCeiling: nil))
}

let here = Origin(address: "192.0.2.7", userAgent: "tests/1", seal: testSeal)
/// Seals what the log keeps of people.
let testSeal = (try? MasterKey(Secret([UInt8](repeating: 7, count: 32)))).map(PersonalSeal.init)

extension IdentityMonitor {
    /// Who it is, from an address of no account.
    func principal(of credential: String) -> Principal? { (try? principal(of: credential, from: here)) ?? nil }
}

extension APIKeyLimits {
    init(models: [String] = [], expiresAt: Timestamp? = nil) {
        self.init()
        (allowedModels, self.expiresAt) = (models, expiresAt)
    }
}

extension Fixture {
    var sessions: SessionService {
        SessionService(
            database: database, tokenKey: tokenKey,
            lifetimes: SessionService.Lifetimes(access: .seconds(600), session: .seconds(86_400)), monitor: monitor,
            refusals: refusals)
    }

    /// A member of an organization.
    func person(_ email: String, in organization: UniqueID, role: String = "developer") throws -> UniqueID {
        let user = UniqueID.v7()
        try store.psql(
            """
            INSERT INTO auth.users (id, email, name, verified) VALUES ('\(user)', '\(email)', 'Ada', true);
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(organization)', '\(user)', '\(role)')
            """)
        return user
    }

    /// A sign-in, as if the proof had been given.
    func signIn(
        _ user: UniqueID, _ organization: UniqueID, factor: SecondFactorKind? = nil
    ) async throws -> IssuedSession {
        let person = ProvenPerson(
            user: user, organization: organization, secondFactor: factor, device: nil, origin: here)
        return try await database.transaction(organization: organization) { transaction in
            try await sessions.begin(person, in: transaction)
        }
    }

    /// The code of the error that `body` throws; "none" when it throws none.
    func refusal(_ body: () async throws -> some Any) async -> String {
        do {
            _ = try await body()
            return "none"
        } catch {
            return (error as? DomainError)?.code ?? "\(error)"
        }
    }

    /// How many of so many who act at once fare how: "none" is not refused, and the others are codes.
    ///
    /// Who is told that PostgreSQL has too much to do, which on a busy machine it may have, asks again.
    func outcomes(
        of count: Int, _ act: @escaping @Sendable (_ number: Int) async throws -> some Any
    ) async -> [String: Int] {
        await withTaskGroup(of: String.self) { group in
            for number in 0..<count {
                group.addTask {
                    while true {
                        let answer = await refusal { try await act(number) }
                        guard answer.hasPrefix("too much work waits") else { return answer }
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
    }
}

/// What answers calls over HTTP.
protocol Served {
    var endpoints: [Endpoint] { get }
}

extension Served {
    /// One call through the responder, as a client would.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: String = "", as principal: Principal
    ) async throws -> (status: Int, body: JSONValue) {
        let quiet = Logger(LogOutput(descriptor: open("/dev/null", O_WRONLY), format: .json))
        let response = await Responder(endpoints: endpoints, logger: quiet) { _, _ in principal }.respond(
            to: HTTPRequest(
                method: method, path: path, headers: HTTPHeaders([("x-api-key", "any")]), body: Array(body.utf8)))
        guard case .bytes(let bytes) = response.body, !bytes.isEmpty else { return (response.status, .null) }
        return (response.status, try JSONValue(parsing: bytes))
    }
}

extension Fixture: Served {
    var endpoints: [Endpoint] { keys.endpoints + organizations.endpoints }
}
