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
        Allocator.spareMemory()
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
        FirstCall.show(key: firstKey, port: port, configuration: configuration, stores: stores)
        Allocator.spareTime(on: loops)
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

/// What a start prints: on the first one the key, once; for people a call that works as printed.
enum FirstCall {
    static func keyFile(in directory: DataDirectory) -> String { "\(directory.path)/admin.key" }

    /// Keeps the key before the transaction that makes it commits, so that nobody is locked out by what comes between.
    static func keep(_ key: Secret<String>, in file: String) throws(CommandFailure) {
        guard TextFile.writePrivate(key.reveal() + "\n", to: file) else {
            throw CommandFailure(.failed, "The first key could not be kept in \(file): check owner and free space.")
        }
    }

    static func show(key: Secret<String>?, port: Int, configuration: Configuration, stores: Stores) {
        let file = keyFile(in: stores.directory)
        let terminal = Terminal.standard
        guard key != nil || terminal.isInteractive && TextFile.read(file, limit: 100) != nil else { return }
        var text = "\nWitan is ready. "
        if let key {
            text += "Your administrator key, shown this once, and kept in \(file):\n\n  \(key.reveal())\n\n"
        }
        let scheme = configuration["WITAN_TLS_KEY_FILE"] == nil ? "http" : "https"
        let host = configuration.text("WITAN_LISTEN").replacing("0.0.0.0", with: "127.0.0.1")
        let address = host.hasSuffix(":0") ? String(host.dropLast(1)) + String(port) : host
        terminal.write(
            text + """
                A first call:

                  curl \(scheme)://\(address)/v1/chat/completions \\
                    -H "authorization: Bearer \(key?.reveal() ?? "$(cat '\(file)')")" \\
                    -H 'content-type: application/json' \\
                    -d '{"model":"sandbox/echo","messages":[{"role":"user","content":"Hello, council."}]}'


                """)
    }
}
