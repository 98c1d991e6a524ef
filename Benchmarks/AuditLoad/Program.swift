// SPDX-License-Identifier: Apache-2.0
import Arguments
import Audit
import Cryptography
import EventLoop
import Gateway
import Glibc
import Postgres
import SwiftExtensions

/// `audit-load ADDRESS ROWS`: writes entries of the audit log as the call record does (role `witan_ingest`, batches of
/// `unnest`, each committed), and prints the seconds that took. Entries are made beforehand, 10,000 at a time, and
/// their making is not counted.
@main enum Program {
    private static let portion = 10_000
    private static let organization = UniqueID.v7()

    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let rows = Int(arguments[2]), rows > 0, let table = CallStore.tables.last else {
            return fail("usage: audit-load ADDRESS ROWS")
        }
        var configuration = PostgresConfiguration(connectionString: Secret(arguments[1]))
        configuration.role = "witan_ingest"
        let loop = EventLoop(name: "load")
        let writer = BatchWriter(configuration: configuration, loop: loop, tables: [table]) { event in
            if case .entryRefused(let error) = event { fail("an entry was refused: \(error)") }
        }
        writer.start()
        while !writer.isReady { try? await Task.sleep(for: .milliseconds(5)) }
        var spent = Duration.zero
        var left = rows
        while left > 0 {
            let entries = (0..<min(portion, left)).map { _ in entry() }
            let digests = entries.map(\.digest.bytes)
            let begun = ContinuousClock.now
            for (entry, digest) in zip(entries, digests) { await add(entry, digest, to: writer) }
            if left <= portion { await finish(writer) }
            spent += ContinuousClock.now - begun
            left -= entries.count
        }
        await writer.stop()
        Terminal.standard.write("\(spent / .seconds(1))\n")
    }

    private static func add(_ entry: AuditEntry, _ digest: [UInt8], to writer: BatchWriter) async {
        while true {
            do {
                return try writer.appendWithoutWaiting { rows in
                    rows.begin(0)
                    rows.uuid(entry.organization)
                    rows.uuid(entry.id)
                    rows.text(entry.category)
                    rows.text(entry.action)
                    rows.text(entry.outcome.rawValue)
                    rows.text(entry.actor)
                    rows.text(entry.entity)
                    rows.json(entry.payload)
                    rows.bytea(digest)
                }
            } catch .overloaded {
                try? await Task.sleep(for: .milliseconds(1))
            } catch {
                fail("\(error)")
            }
        }
    }

    private static func finish(_ writer: BatchWriter) async {
        let mark = writer.queuedEntries
        while !writer.isFinished(through: mark) { try? await Task.sleep(for: .milliseconds(1)) }
    }

    private static func entry() -> AuditEntry {
        let id = UniqueID.v7()
        let digest = String(repeating: "0123456789abcdef", count: 4)
        return AuditEntry(
            organization: organization, id: id, category: "gateway", action: "load.written", outcome: .success,
            actor: "key:\(organization)", entity: "load:\(id)",
            payload: """
                {"cost":"0.000123","estimated":false,"http_status":200,"input_tokens":250,"model":"mock/mock",\
                "output_tokens":20,"request_sha256":"\(digest)","response_sha256":"\(digest)","status":"completed"}
                """)
    }

    private static func fail(_ line: String) {
        Terminal.standard.writeError(line + "\n")
        exit(2)
    }
}
