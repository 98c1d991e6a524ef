// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import EmbeddedServers
import EventLoop
import Glibc
import Observability
import SwiftExtensions

/// `witan reference`: writes the pages of `docs/reference` from what the program itself works with, or checks them.
enum ReferenceCommand {
    private static let folder = Positional<String>.required("folder", "where the pages are")
    private static let check = Option<Bool>.flag("check", "write nothing; exit 4 when a page is not as the program is")

    private static let schema = Option<String?>.optional(
        "schema", "also schema.md and this file of SQL, from the catalog that the migrations make in a PostgreSQL 15",
        placeholder: "FILE")

    static let command = Command(
        name: "reference", summary: "Write the reference pages of this program",
        example: "witan reference docs/reference --schema schema.sql", options: [check, schema],
        positionals: [folder], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        var pages = ReferencePages(endpoints: try await endpoints(), metrics: SystemRoutes.metrics).all
            .map { (path: "\(arguments[folder])/\($0.name)", text: $0.text) }
        if let file = arguments[schema] {
            let schema = SchemaReference(try await inFreshFolder { try await SchemaReference.inventory(in: $0) })
            pages += [("\(arguments[folder])/schema.md", schema.page), (file, schema.script)]
        }
        if arguments[check] {
            let stale = pages.filter { TextFile.read($0.path, limit: 8 << 20) != $0.text }.map(\.path)
            guard stale.isEmpty else {
                throw CommandFailure(
                    .drift, "Not as the program is: \(stale.joined(separator: ", ")); 'make docs' writes them.")
            }
            return .done
        }
        for page in pages where !TextFile.write(page.text, to: page.path, mode: 0o644) {
            throw CommandFailure(.failed, "\(page.path) cannot be written; check that its folder is there.")
        }
        return .done
    }

    /// A folder in `/tmp` for `body`, which leaves nothing but known files in it.
    private static func inFreshFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        var template = Array("/tmp/witan-reference-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(.failed, "No folder could be made in /tmp; check its permissions.")
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in ["lock", "witan-data", "master.key", "calls.journal"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        return try await body(path)
    }

    /// The rows of the one endpoint table, from a server that is put together in a folder of its own and never started.
    private static func endpoints() async throws -> [Endpoint] {
        try await inFreshFolder { path in
            let configuration = try Configuration.load(
                file: nil, overrides: ["WITAN_MAX_IN_FLIGHT": "1", "WITAN_DATA_DIR": path])
            LogOutput.standardError.level = .error
            let nowhere = Secret("host=\(path)")
            let stores = Stores(
                directory: try DataDirectory.open(path), postgres: nil, redis: nil, databaseURL: nowhere,
                directURL: nowhere, redisURL: nil, elasticsearchURL: nil, archive: nil,
                disk: DiskWatch(data: path, archive: nil, logger: Logger(.standardError)))
            let server = try Server(
                configuration, stores: stores, loops: [EventLoop(name: "reference")], logger: Logger(.standardError))
            let endpoints = server.endpoints
            await server.close()
            return endpoints
        }
    }
}
