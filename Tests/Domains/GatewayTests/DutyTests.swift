// SPDX-License-Identifier: Apache-2.0
import API
import Audit
import Core
import Cryptography
import EventLoop
import Gateway
import Glibc
import HTTPClient
import HTTPServer
import Identity
import JSON
import Journal
import Observability
import Postgres
import Providers
import SwiftExtensions
import Testing

/// What every endpoint owes, computed from the one table of them.
@Suite struct DutyTests {
    /// The endpoints of all domains, on stores that are not there: no handler runs here.
    static let endpoints: [Endpoint] = {
        let loop = EventLoop(name: "duties")
        let nowhere = PostgresConfiguration(connectionString: Secret("host=/nonexistent dbname=none"))
        let database = Database(configuration: nowhere, loops: [loop]) { _ in }
        let client = HTTPClient(loops: [loop])
        let pepper = HMACSHA256(key: Secret([1]))
        let path = "/tmp/witan-duties-\(getpid())"
        defer { unlink(path) }
        guard let masterKey = try? MasterKey(Secret([UInt8](repeating: 1, count: 32))),
            let journal = try? SlotJournal(path: path, slots: 1)
        else { return [] }
        let keys = IdentityMonitor(database: database, pepper: pepper, tokenKey: pepper)
        let catalog = CatalogMonitor(database: database, masterKey: masterKey) { _, _ in }
        let ledger = CallLedgerService(
            writer: BatchWriter(configuration: nowhere, loop: loop, tables: CallStore.tables) { _ in }, journal: journal
        )
        return OrganizationService(database: database, pepper: pepper, monitor: keys).endpoints
            + APIKeyService(database: database, pepper: pepper, monitor: keys).endpoints
            + AuditService(database: database).endpoints
            + ProviderService(database: database, masterKey: masterKey, monitor: catalog)
            .endpoints(discovery: ModelDiscoveryClient(client: client))
            + ModelCalls(
                catalog: catalog, ledger: ledger, upstream: ProviderClient(client: client), sandbox: SandboxProvider()
            ).endpoints
    }()

    private func respond(_ endpoint: Endpoint, as role: Role?) async -> HTTPResponse {
        let quiet = Logger(LogOutput(descriptor: open("/dev/null", O_WRONLY), format: .json))
        let stub = Endpoint(
            endpoint.method, endpoint.path, permission: endpoint.permission, audit: endpoint.audit,
            summary: endpoint.summary, style: endpoint.style
        ) { _ in HTTPResponse(status: 299) }
        let responder = Responder(endpoints: [stub], logger: quiet) { _, _ in role.map { caller($0) } }
        let path = endpoint.path.replacing("{id...}", with: "a/b").replacing("{id}", with: UniqueID.v7().description)
        return await responder.respond(
            to: HTTPRequest(
                method: endpoint.method, path: path, headers: HTTPHeaders(role == nil ? [] : [("x-api-key", "k")])))
    }

    @Test("there is a table to check")
    func notEmpty() {
        #expect(Self.endpoints.count >= 20)
    }

    @Test("everything that changes something names the audit action it writes, and nothing else does")
    func audited() {
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method.rawValue) \(endpoint.path)"
            #expect((endpoint.audit != nil) == (endpoint.method != .get), "\(name)")
            if let audit = endpoint.audit { #expect(audit.split(separator: ".").count == 2, "\(name): \(audit)") }
        }
    }

    @Test("every endpoint of a domain needs a permission, and refuses whoever lacks it")
    func permissions() async throws {
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method.rawValue) \(endpoint.path)"
            let permission = try #require(endpoint.permission, "\(name)")
            #expect(await respond(endpoint, as: nil).status == 401, "\(name)")
            for role in Role.allCases {
                let expected = role.permissions.contains(permission) ? 299 : 403
                #expect(await respond(endpoint, as: role).status == expected, "\(name) as \(role.rawValue)")
            }
        }
    }

    @Test("what changes something needs more than to look")
    func viewersOnlyLook() {
        for endpoint in Self.endpoints where endpoint.method != .get {
            guard let permission = endpoint.permission else { continue }
            #expect(!Role.viewer.permissions.contains(permission), "\(endpoint.path)")
        }
    }

    @Test("errors are in the words of whoever calls: OpenAI's under /v1, problem details under /api")
    func styles() {
        for endpoint in Self.endpoints {
            let isOpenAI = if case .openAI = endpoint.style { true } else { false }
            #expect(isOpenAI != endpoint.path.hasPrefix("/api/v1/"), "\(endpoint.path)")
        }
    }

    @Test("OpenAI's paths are there with and without /v1")
    func aliases() {
        let paths = Set(Self.endpoints.map { "\($0.method.rawValue) \($0.path)" })
        for path in ["POST /chat/completions", "POST /embeddings", "GET /models", "GET /models/{id...}"] {
            #expect(paths.contains(path))
            #expect(paths.contains(path.replacing(" /", with: " /v1/")))
        }
    }

    @Test("no two endpoints answer the same method and path, and each is in the description of the API")
    func described() {
        #expect(Set(Self.endpoints.map { "\($0.method.rawValue) \($0.path)" }).count == Self.endpoints.count)
        let document = OpenAPI.document(Self.endpoints, version: "1")
        for endpoint in Self.endpoints {
            let operation = document["paths"]?[endpoint.path.replacing("...}", with: "}")]?[
                endpoint.method.rawValue.lowercased()]
            #expect(operation?["summary"]?.string == endpoint.summary)
            #expect(operation?["x-permission"]?.string == endpoint.permission?.name)
            #expect(operation?["x-audit-action"]?.string == endpoint.audit)
            #expect(!endpoint.summary.isEmpty)
            if endpoint.method == .post { #expect(operation?["requestBody"] != nil, "\(endpoint.path)") }
        }
    }
}
