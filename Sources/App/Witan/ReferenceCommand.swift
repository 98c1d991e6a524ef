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

    static let command = Command(
        name: "reference", summary: "Write the reference pages of this program",
        example: "witan reference docs/reference", options: [check], positionals: [folder], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let folder = arguments[folder]
        let pages = ReferencePages(endpoints: try await endpoints(), metrics: SystemRoutes.metrics).all
        if arguments[check] {
            let stale = pages.filter { TextFile.read("\(folder)/\($0.name)", limit: 8 << 20) != $0.text }.map(\.name)
            guard stale.isEmpty else {
                throw CommandFailure(
                    .drift,
                    "Not as the program is: \(stale.joined(separator: ", ")) in \(folder); 'make docs' writes them.")
            }
            return .done
        }
        for page in pages where !TextFile.write(page.text, to: "\(folder)/\(page.name)", mode: 0o644) {
            throw CommandFailure(.failed, "\(folder)/\(page.name) cannot be written; check that the folder is there.")
        }
        return .done
    }

    /// The rows of the one endpoint table, from a server that is put together in a folder of its own and never started.
    private static func endpoints() async throws -> [Endpoint] {
        var template = Array("/tmp/witan-reference-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(.failed, "No folder could be made in /tmp; check its permissions.")
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in ["lock", "witan-data", "master.key", "calls.journal"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        let configuration = try Configuration.load(
            file: nil, overrides: ["WITAN_MAX_IN_FLIGHT": "1", "WITAN_DATA_DIR": path])
        LogOutput.standardError.level = .error
        let nowhere = Secret("host=\(path)")
        let stores = Stores(
            directory: try DataDirectory.open(path), postgres: nil, redis: nil, databaseURL: nowhere,
            directURL: nowhere, redisURL: nil, archive: nil,
            disk: DiskWatch(data: path, archive: nil, logger: Logger(.standardError)))
        let server = try Server(
            configuration, stores: stores, loops: [EventLoop(name: "reference")], logger: Logger(.standardError))
        let endpoints = server.endpoints
        await server.close()
        return endpoints
    }
}
