// SPDX-License-Identifier: Apache-2.0
import Arguments
import EmbeddedServers
import EventLoop
import HTTPServer
import Lifecycle
import Migrator
import Observability
import Postgres
import SwiftExtensions

/// `witan serve`.
enum ServeCommand {
    static let listen = Option<String?>.optional(
        "listen", "address and port, in place of WITAN_LISTEN", placeholder: "HOST:PORT")

    static let command = Command(
        name: "serve", summary: "Run the server until Ctrl-C or SIGTERM",
        example: "witan serve --listen 127.0.0.1:8080",
        options: [listen, Commands.dataDirectory, Commands.configFile], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let started = ContinuousClock.now
        var overrides = Commands.overrides(arguments)
        if let address = arguments[listen] { overrides["WITAN_LISTEN"] = address }
        let configuration = try Configuration.load(file: arguments[Commands.configFile], overrides: overrides)
        LogOutput.standardError.level = configuration.logLevel
        let logger = Logger(.standardError)
        let shutdown = ShutdownSignal()
        UnixSignals.listen(triggering: shutdown)

        let stores = try Stores.open(configuration, logger: logger)
        do {
            try await serve(configuration, stores: stores, logger: logger, until: shutdown, started: started)
        } catch {
            stores.stop(logger: logger)
            LogOutput.standardError.flush(within: .seconds(1))
            throw Commands.failure(error)
        }
        stores.stop(logger: logger)
        LogOutput.standardError.flush(within: .seconds(1))
        return .done
    }

    private static func serve(
        _ configuration: Configuration, stores: Stores, logger: Logger, until shutdown: ShutdownSignal,
        started: ContinuousClock.Instant
    ) async throws {
        let loops = (0..<configuration.loopCount).map { EventLoop(name: "loop-\($0)") }
        let applied = try await stores.migrate(loops: [loops[0]], logger: logger)
        for migration in applied { logger.info("migrated", [("migration", .string(migration.name))]) }
        let server = try Server(configuration, stores: stores, loops: loops, logger: logger)
        let firstKey = try await server.prepare()
        let port: Int
        do {
            port = try server.http.start()
        } catch {
            await server.close()
            throw CommandFailure(.failed, error.description)
        }
        if let firstKey { FirstCall.show(key: firstKey, port: port, configuration: configuration, stores: stores) }
        logger.info(
            "ready",
            [
                ("listen", .string(configuration.text("WITAN_LISTEN"))), ("port", LogValue(port)),
                ("start_ms", .number((ContinuousClock.now - started) / .milliseconds(1))),
            ])
        try await server.services.run(until: shutdown)
        await server.close()
        logger.info("stopped")
    }
}

/// What a first start prints: the key, once, and a call that works as printed.
enum FirstCall {
    /// Where the first key is kept.
    static func keyFile(_ stores: Stores) -> String { "\(stores.directory.path)/admin.key" }

    static func show(key: Secret<String>, port: Int, configuration: Configuration, stores: Stores) {
        let scheme = configuration["WITAN_TLS_KEY_FILE"] == nil ? "http" : "https"
        let host = configuration.text("WITAN_LISTEN").replacing("0.0.0.0", with: "127.0.0.1")
        let address = host.hasSuffix(":0") ? String(host.dropLast(1)) + String(port) : host
        Terminal.standard.write(
            """

            Witan is ready. Your administrator key, shown this once and kept in
            \(keyFile(stores)):

              \(key.reveal())

            A first call:

              curl \(scheme)://\(address)/v1/chat/completions \\
                -H 'authorization: Bearer \(key.reveal())' \\
                -H 'content-type: application/json' \\
                -d '{"model":"sandbox/echo","messages":[{"role":"user","content":"Hello, council."}]}'


            """)
    }
}
