// SPDX-License-Identifier: Apache-2.0
import Arguments
import HTTPClient
import JSON
import Operations
import Postgres
import Redis
import SwiftExtensions

/// `witan db`: needs no running server, and works beside one.
enum DatabaseCommands {
    private static let options: [any Parameter] = [Commands.dataDirectory, Commands.configFile, Commands.json]
    private static let explain = Option<Bool>.flag("explain", "print the queries behind the report, and run none")

    static let command = Command(
        name: "db", summary: "Look at the stores: connections and health", example: "witan db test",
        subcommands: [
            Command(
                name: "test",
                summary: "Connect by every configured address and check what matters; exit 1 when something fails, "
                    + "10 when nothing answers",
                example: "witan db test", options: options, run: test),
            Command(
                name: "report", summary: "What the database's statistics advise; --explain prints the queries",
                example: "witan db report --explain", options: options + [explain], run: report),
        ])

    // MARK: Test

    @Sendable private static func test(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await StoreAccess.with(arguments, beside: true) { access in
            var results: [CheckResult] = []
            var isUnreachable = false
            func add(_ found: [CheckResult]?, _ subject: String, _ error: (any Error)?) {
                results += found ?? []
                guard let error else { return }
                isUnreachable = true
                results.append(
                    CheckResult(subject, "connect", .fail, "\(error)", advice: "see to address, user and password"))
            }
            for (subject, url, purpose) in targets(access) {
                do {
                    let facts = try await access.withDatabase(url, prepares: false) {
                        try await ConnectionCheckStore.facts(of: $0)
                    }
                    add(ConnectionRule.results(subject, facts, for: purpose), subject, nil)
                } catch {
                    add(nil, subject, error)
                }
            }
            if let url = access.redisURL {
                do { add(try await redis(url, access), "REDIS_URL", nil) } catch { add(nil, "REDIS_URL", error) }
            }
            if let url = access.configuration["ELASTICSEARCH_URL"] {
                do { add(try await search(url, access), "ELASTICSEARCH_URL", nil) } catch {
                    add(nil, "ELASTICSEARCH_URL", error)
                }
            }
            show(results, arguments)
            if isUnreachable { return .unreachable }
            return results.contains { $0.level == .fail } ? .failed : .done
        }
    }

    private static func targets(
        _ access: StoreAccess
    ) -> [(subject: String, url: Secret<String>, purpose: ConnectionRule.Purpose)] {
        let configuration = access.configuration
        let connections = configuration.loopCount * configuration.integer("DATABASE_POOL_MAX") + 3
        let names =
            access.isPrivate
            ? ("private", "private, owner")
            : ("DATABASE_URL", configuration["DIRECT_URL"] == nil ? "DATABASE_URL, owner" : "DIRECT_URL")
        return [
            (names.0, access.databaseURL, .program(connections: connections)),
            (names.1, access.directURL, .migrations),
        ]
    }

    private static func redis(_ url: Secret<String>, _ access: StoreAccess) async throws -> [CheckResult] {
        let subject = access.configuration["REDIS_URL"] == nil ? "private redis" : "REDIS_URL"
        let redis = try Redis(
            configuration: RedisConfiguration(
                url: url, connectTimeout: .seconds(3), commandTimeout: .seconds(3)), loops: [access.loop],
            observe: { _ in })
        do {
            let information = try await redis.command("INFO", "server").text ?? ""
            let version = information.split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("redis_version:") }?.dropFirst("redis_version:".count)
            let policy = try? await redis.command("CONFIG", "GET", "maxmemory-policy").elements?.last?.text
            await redis.close()
            let eviction =
                access.configuration["REDIS_URL"] == nil
                ? CheckResult(subject, "eviction", .ok, "as the program starts it")
                : RedisRule.eviction(subject, policy ?? nil)
            return [
                RedisRule.version(subject, version.map(String.init)), eviction,
                RedisRule.transport(subject, url.reveal()),
            ]
        } catch {
            await redis.close()
            throw error
        }
    }

    private static func search(_ url: String, _ access: StoreAccess) async throws -> [CheckResult] {
        let client = HTTPClient(
            configuration: HTTPClientConfiguration(
                userAgent: "witan/\(Version.current)", isProxied: Proxies.areNamed), loops: [access.loop])
        let answer = try await client.fetch(HTTPClientRequest(method: "GET", url: url, headers: [], body: []))
        let body = try? JSONValue(parsing: answer.body)
        let product = answer.headers.pairs.first { $0.name.lowercased() == "x-elastic-product" }?.value
        return [
            SearchRule.version(
                "ELASTICSEARCH_URL", status: answer.status, product: product,
                version: body?["version"]?["number"]?.string)
        ]
    }

    private static func show(_ results: [CheckResult], _ arguments: ParsedArguments) {
        let items: [JSONValue] = results.map {
            [
                "store": .string($0.subject), "check": .string($0.check), "result": .string($0.level.rawValue),
                "found": .string($0.found), "advice": .string($0.advice),
            ]
        }
        arguments.show(
            items, columns: [("STORE", "store"), ("CHECK", "check"), ("", "result"), ("FOUND", "found")],
            all: ["checks": .array(items)])
        guard !arguments[Commands.json] else { return }
        // What to do may be SQL, and must not be cut.
        for result in results where !result.advice.isEmpty {
            arguments.terminal.write("\n\(result.subject), \(result.check): \(result.advice)\n")
        }
    }

    // MARK: Report

    @Sendable private static func report(_ arguments: ParsedArguments) async throws -> ExitCode {
        if arguments[explain] {
            for section in ReportSection.all {
                arguments.terminal.write("-- \(section.name): \(section.title)\n\(section.query);\n\n")
            }
            return .done
        }
        return try await StoreAccess.with(arguments, beside: true) { access in
            try await access.withDatabase(access.directURL) { database in
                var all: [JSONMember] = []
                for section in ReportSection.all {
                    let rows = try await ReportStore.rows(of: section, in: database)
                    all.append(JSONMember(section.name, .array(rows)))
                    if !arguments[Commands.json] { show(section, rows, arguments) }
                }
                if arguments[Commands.json] { arguments.terminal.write(JSONValue.object(all).description + "\n") }
                return .done
            }
        }
    }

    private static func show(_ section: ReportSection, _ rows: [JSONValue], _ arguments: ParsedArguments) {
        arguments.terminal.write(arguments.terminal.styled(section.title, .bold) + "\n")
        if rows.isEmpty {
            arguments.terminal.write("nothing to report\n\n")
            return
        }
        arguments.show(
            rows,
            columns: section.columns.map { (title: $0.uppercased().replacing("_", with: " "), key: $0) },
            all: .null)
        arguments.terminal.write("\n")
    }
}
