// SPDX-License-Identifier: Apache-2.0
import Arguments
import Backup
import JSON
import ObjectStore

/// `witan backup prune`: removes old backups, and what a backup that was killed left behind.
enum BackupPrune {
    private static let keep = Option<Int>.required("keep", "how many of the newest whole backups stay, 1 or more")
    private static let incomplete = Option<Bool>.flag(
        "incomplete", "remove those without a manifest too; only while no backup is being made")
    private static let confirm = Option<Bool>.flag("confirm", "do it; without this, only tell what would be done")

    static let command = Command(
        name: "prune", summary: "Remove all but the newest backups (exit 3 without --confirm)",
        example: "witan backup prune --keep 14 --confirm",
        options: BackupParts.options + [keep, incomplete, confirm], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        guard arguments[keep] >= 1 else { throw arguments.usageError("--keep takes 1 or more: the last one stays") }
        let parts = try BackupParts(arguments)
        do {
            let library = try parts.library()
            let found = try await library.pruning(keeping: arguments[keep])
            let going = found.surplus + (arguments[incomplete] ? found.incomplete : [])
            let isDone = arguments[confirm] && !going.isEmpty
            if isDone {
                try await record(going, kept: found.kept, parts)
                for name in going { try await library.remove(name) }
            }
            show(found, going, isDone: isDone, arguments)
            return going.isEmpty || isDone ? .done : .pending
        } catch {
            throw BackupParts.failure(error)
        }
    }

    /// Before anything goes: who cannot write it down does not remove.
    private static func record(_ names: [String], kept: [String], _ parts: BackupParts) async throws {
        let reached = try StoreAccess.open(parts.configuration, beside: true)
        defer { reached.close() }
        try await InstallationRecord.append(
            "backup.pruned", entity: "backup-place:\(try parts.storage().address)",
            payload: [
                "removed": .array(names.map(JSONValue.string)), "kept": .array(kept.map(JSONValue.string)),
                "program": .string(Version.current),
            ], to: reached.directURL, on: reached.loop)
    }

    private static func show(
        _ found: BackupLibrary.Pruning, _ going: [String], isDone: Bool, _ arguments: ParsedArguments
    ) {
        func list(_ names: [String]) -> JSONValue { .array(names.map(JSONValue.string)) }
        arguments.show([
            "kept": list(found.kept), isDone ? "removed" : "would_remove": list(going),
            "incomplete": list(found.incomplete.filter { !going.contains($0) }),
        ])
        guard !arguments[Commands.json] else { return }
        if found.kept.isEmpty, !found.incomplete.isEmpty || found.surplus.isEmpty {
            arguments.terminal.writeError("There is no whole backup here.\n")
        }
        if !isDone, !going.isEmpty { arguments.terminal.writeError("Nothing was removed: say --confirm.\n") }
    }
}
