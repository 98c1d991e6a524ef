// SPDX-License-Identifier: Apache-2.0
import Arguments
import Audit
import Core
import Cryptography
import Identity
import JSON
import Operations
import Postgres
import SwiftExtensions

/// `witan seed`: needs no running server, and works beside one.
enum SeedCommands {
    private static let options: [any Parameter] = [Commands.dataDirectory, Commands.configFile, Commands.json]
    private static let environment = Option<Kind>.required("environment", "which seed: the demo tells a whole story")
    private static let confirm = Option<Bool>.flag("confirm", "yes, the seeds' organizations are to be retired")

    enum Kind: String, ArgumentValue, CaseIterable { case development, testing, demo }

    static let command = Command(
        name: "seed", summary: "Rows to try the program with, in an organization of their own",
        example: "witan seed run --environment demo",
        subcommands: [
            Command(
                name: "run", summary: "Put a seed into the database; a second run changes nothing",
                example: "witan seed run --environment demo", options: options + [environment], run: run),
            Command(
                name: "clean", summary: "Retire the seeds' organizations: keys revoked, models gone, the log stays",
                example: "witan seed clean --confirm", options: options + [confirm], run: clean),
        ])

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await StoreAccess.with(arguments, beside: true) { access in
            try await check(access)
            let kind = SeedSet.Kind(rawValue: arguments[environment].rawValue) ?? .development
            let seed = try await access.withDatabase(access.directURL, role: "witan_owner") { owner in
                SeedSet.make(kind, day: try await SeedStore.day(of: kind, today: .now(), owner: owner))
            }
            var bar = ProgressBar("seed \(kind.rawValue)", total: seed.count, terminal: arguments.terminal)
            defer { bar.finish() }
            let counts = try await write(seed, access, &bar)
            bar.finish()
            let key = try await demoKey(seed, access, isNew: counts.inserted == seed.count)
            arguments.show([
                "organization": .string(seed.slug), "rows": .whole(Int64(seed.count)),
                "new": .whole(Int64(counts.inserted)), "sealed": .whole(Int64(counts.sealed)),
                "key": .string(key),
            ])
            return .done
        }
    }

    private static func write(
        _ seed: SeedSet, _ access: StoreAccess, _ bar: inout ProgressBar
    ) async throws -> (inserted: Int, sealed: Int) {
        var inserted = 0
        var index = 0
        while index < seed.batches.count {
            // Batches that follow each other with one role share its connections.
            let role = seed.batches[index].role
            let end = seed.batches[index...].firstIndex { $0.role != role } ?? seed.batches.count
            var steps = 0
            inserted += try await access.withDatabase(access.directURL, role: role) { database in
                if index == 0 { try await PartitionStore.ensure(in: database) }
                var count = 0
                for batch in seed.batches[index..<end] {
                    count += try await SeedStore.insert(batch, of: seed, in: database) { steps += $0 }
                }
                return count
            }
            bar.advance(by: steps)
            index = end
        }
        inserted += try await access.withDatabase(access.directURL, role: "witan_app") { database in
            let written = try await SeedStore.log(seed, in: database)
            _ = try await SeedStore.setRetired(false, seed, in: database)
            try await SeedStore.announce(in: database)
            return written
        }
        bar.advance(by: seed.entries.count)
        let sealed = try await access.withDatabase(access.directURL, role: "witan_sealer") {
            try await SealerWorker(database: $0).sealPending()
        }
        return (inserted, sealed)
    }

    /// A key to look at the seed with, in a file beside the first one; a sentence about it.
    private static func demoKey(
        _ seed: SeedSet, _ access: StoreAccess, isNew: Bool
    ) async throws -> String {
        let folder = access.configuration.text("WITAN_DATA_DIR")
        let file = "\(folder)/seed-\(seed.kind.rawValue).key"
        // The file of a database that was reset since has a key that nobody knows any more.
        if !isNew, TextFile.read(file, limit: 200) != nil { return "in \(file)" }
        let path = access.configuration["WITAN_MASTER_KEY_FILE"] ?? "\(folder)/master.key"
        guard let masterKey = try? MasterKey.load(path: path) else {
            return "none: there is no master key yet; start the server once and run this again"
        }
        return try await access.withDatabase(access.directURL, role: "witan_app") { database in
            let pepper = masterKey.subkey("api keys")
            let service = APIKeyService(
                database: database, pepper: pepper,
                monitor: IdentityMonitor(
                    database: database, pepper: pepper, tokenKey: masterKey.subkey("access tokens")))
            let principal = Principal(
                organization: seed.organization, caller: .key(seed.organization), name: "seed", role: .admin,
                policy: OrganizationPolicy(contentRetention: true, durableAnswers: true, unknownPriceCeiling: nil))
            let (_, token) = try await service.create(
                try NewAPIKey(name: "\(seed.kind.rawValue) administrator", role: RoleChoice(.admin)), by: principal)
            guard TextFile.writePrivate(token.text.reveal() + "\n", to: file) else {
                return "made, but \(file) could not be written: make another with 'witan keys create'"
            }
            return "in \(file)"
        }
    }

    @Sendable private static func clean(_ arguments: ParsedArguments) async throws -> ExitCode {
        guard arguments[confirm] else {
            throw arguments.usageError("the seeds' organizations would be retired; say so with --confirm")
        }
        return try await StoreAccess.with(arguments, beside: true) { access in
            try await check(access)
            let seeds = try await access.withDatabase(access.directURL, role: "witan_owner") {
                try await SeedStore.present(in: $0)
            }
            try await access.withDatabase(access.directURL, role: "witan_app") { database in
                for seed in seeds { _ = try await SeedStore.setRetired(true, seed, in: database) }
                try await SeedStore.announce(in: database)
            }
            if arguments[Commands.json] {
                arguments.show(["retired": .array(seeds.map { .string($0.slug) })])
            } else if seeds.isEmpty {
                arguments.terminal.write("There is no seed in this database.\n")
            } else {
                arguments.terminal.write(
                    """
                    Retired \(seeds.map(\.slug).joined(separator: ", ")): keys revoked, models out of the catalog.
                    Rows and log stay: nothing that proves something is deleted. 'seed run' brings it back;
                    'reset' empties a database that is not for production.

                    """)
            }
            return .done
        }
    }

    private static func check(_ access: StoreAccess) async throws {
        try await access.withDatabase(access.directURL) { database in
            guard try await InstallationStore.hasSchema(in: database) else {
                throw CommandFailure(.pending, "This database has no schema yet. Run 'witan init' first.")
            }
            guard try await InstallationStore.environment(in: database) != "production" else {
                throw CommandFailure(
                    .failed, "This database is marked for production and takes no seed. Nothing was changed.")
            }
        }
    }
}
