// SPDX-License-Identifier: Apache-2.0
import Arguments
import Inventory
import JSON
import Migrator
import SwiftExtensions

/// How `witan migrate` shows what it found.
enum MigrateOutput {
    static let statusColumns = [
        ("ID", "id"), ("MIGRATION", "name"), ("STORE", "store"), ("STATE", "state"), ("NOTE", "note"),
    ]

    static func item(_ status: MigrationStatus) -> JSONValue {
        [
            "id": number(status.id), "name": .string(status.name), "store": .string(store(status.kind)),
            "state": .string(status.state.rawValue), "note": status.note.map(JSONValue.string) ?? .null,
            "applied_at": status.appliedAt.map { .string($0.description) } ?? .null,
        ]
    }

    static let historyColumns = [
        ("NUMBER", "number"), ("TIME", "time"), ("EVENT", "event"), ("MIGRATION", "name"), ("BY", "actor"),
        ("MS", "duration_ms"), ("REASON", "reason"),
    ]

    static func item(_ row: HistoryRow) -> JSONValue {
        [
            "number": number(Int(row.sequence)), "time": .string(row.occurredAt.description),
            "event": .string(row.event.rawValue), "id": number(row.step), "name": .string(row.name),
            "store": .string(store(row.kind)), "checksum": .string(row.checksum), "actor": .string(row.actor),
            "login": .string(row.login), "program": .string(row.programVersion),
            "server_major": number(row.serverMajor), "duration_ms": number(Int(row.milliseconds)),
            "fingerprint": row.fingerprint.map(JSONValue.string) ?? .null,
            "reason": row.reason.map(JSONValue.string) ?? .null, "previous_hash": .string(row.previousHash),
            "hash": .string(row.hash),
        ]
    }

    static func exitCode(_ statuses: [MigrationStatus]) -> ExitCode {
        let states = Set(statuses.map(\.state))
        if states.contains(.unknownToProgram) { return .databaseNewer }
        if states.contains(.changed) { return .checksumMismatch }
        if states.contains(.interrupted) { return .interrupted }
        return statuses.contains { $0.state == .pending && !$0.isDeferred } ? .pending : .done
    }

    private static func store(_ kind: Migration.Kind) -> String { kind == .sql ? "postgresql" : kind.rawValue }
    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }

    // MARK: Plan

    static func json(_ plan: MigrationPlan) -> JSONValue {
        ["sound": .bool(plan.isSound), "steps": .array(plan.steps.map(json))]
    }

    private static func json(_ step: MigrationPlan.Step) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", number(step.id)), ("name", .string(step.name)), ("store", .string(store(step.kind))),
            ("deferred_because", step.deferredBecause.map(JSONValue.string) ?? .null),
        ]
        switch step.outcome {
        case .tried(let duration, let locks, let rewritten):
            members += [
                ("outcome", "tried"), ("duration_ms", number(Int(duration / .milliseconds(1)))),
                (
                    "locks",
                    .array(locks.map { ["relation": .string($0.relation), "mode": .string($0.mode)] })
                ), ("rewritten", .array(rewritten.map(JSONValue.string))),
            ]
        case .outlined(let lines):
            members += [("outcome", "outlined"), ("outline", .array(lines.map(JSONValue.string)))]
        case .failed(let reason): members += [("outcome", "failed"), ("reason", .string(reason))]
        }
        return .object(members.map { JSONMember($0.0, $0.1) })
    }

    static func text(_ plan: MigrationPlan) -> String {
        guard !plan.steps.isEmpty else { return "Nothing to do: the schema is up to date.\n" }
        var text = ""
        for step in plan.steps {
            text += step.name
            if let reason = step.deferredBecause { text += "  waits: \(reason)" }
            switch step.outcome {
            case .tried(let duration, let locks, let rewritten):
                text += "  \(Int(duration / .milliseconds(1))) ms\n"
                for lock in locks { text += "    \(lock.mode) on \(lock.relation)\n" }
                for name in rewritten { text += "    rewrites \(name)\n" }
            case .outlined(let lines):
                text += step.kind == .sql ? "  outside of transactions, not tried\n" : "\n"
                for line in lines { text += "    \(line)\n" }
            case .failed(let reason): text += "  FAILS\n    \(reason)\n"
            }
        }
        return text + (plan.isSound ? "All of it was taken back.\n" : "It would fail. All of it was taken back.\n")
    }

    // MARK: Verification

    static func json(_ found: MigrationVerification) -> JSONValue {
        let differences: [JSONValue] = found.differences.map {
            [
                "matter": .string($0.matter.rawValue), "kind": .string($0.kind.rawValue), "name": .string($0.name),
                "expected": $0.expected.map(JSONValue.string) ?? .null,
                "found": $0.found.map(JSONValue.string) ?? .null,
            ]
        }
        return [
            "verified": .bool(found.exitCode == 0), "history": .array(found.brokenHistory.map(JSONValue.string)),
            "differences": .array(differences), "notes": .array(found.notes.map(JSONValue.string)),
            "migrations": .array(found.statuses.map(item)),
        ]
    }

    static func text(_ found: MigrationVerification) -> String {
        var text = ""
        for sentence in found.brokenHistory { text += "history: \(sentence)\n" }
        for difference in found.differences { text += "schema: \(difference)\n" }
        for status in found.statuses where status.state != .applied && !status.isDeferred {
            let isUnknown = status.state == .unknownToProgram
            text += "\(status.name): \(isUnknown ? "unknown to this program" : status.state.rawValue)"
            text += status.note.map { " (\($0))\n" } ?? "\n"
        }
        for note in found.notes { text += "note: \(note)\n" }
        guard found.exitCode == 0 else { return text }
        let applied = found.statuses.count { $0.state == .applied }
        return text + "\(applied) migrations, their history and the schema agree.\n"
    }
}
