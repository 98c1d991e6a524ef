// SPDX-License-Identifier: Apache-2.0
import Audit
package import Postgres
package import SwiftExtensions

/// Takes out of the database what no duty keeps there any more: content first, whole partitions later.
///
/// A partition goes in steps, each recorded before the next: written to a sealed file; read back; signed for in each
/// organization's log; detached; compared once more with the file; dropped. A run that is interrupted anywhere is
/// resumed by the next, and until the last step nothing is lost.
package struct RetentionWorker: Sendable {
    /// At most this many partitions are begun in one run.
    private static let partitionsPerRun = 12
    private let owner: Database
    private let app: Database
    private let archiver: PartitionArchiveWorker
    private let clock: @Sendable () -> Timestamp

    /// `owner` acts as `witan_owner`, `app` as `witan_app`; `directory` exists and belongs to this process.
    package init(
        owner: Database, app: Database, directory: String, keys: ArchiveKeys,
        clock: @escaping @Sendable () -> Timestamp = { .now() },
        observe: @escaping @Sendable (ArchiveStep, Archive) async throws -> Void = { _, _ in }
    ) {
        self.owner = owner
        self.app = app
        self.clock = clock
        archiver = PartitionArchiveWorker(owner: owner, app: app, directory: directory, keys: keys, observe: observe)
    }

    /// One run; what it did, in a sentence.
    package func run(under lease: Lease) async throws -> String {
        let blanked = try await blankContent()
        let projects = try await archiveProjects()
        var archived = 0
        for archive in try await ArchiveStore.unfinished(in: owner) {
            if try await archiver.finish(archive, under: lease) { archived += 1 }
        }
        let plan = try await RetentionPlanStore.plan(now: clock(), in: owner)
        for item in plan.filter({ $0.decision == .due }).prefix(Self.partitionsPerRun) {
            try Task.checkCancellation()
            if try await archiver.archive(item.partition, of: item.table, under: lease) { archived += 1 }
        }
        let held = plan.filter { $0.decision == .held }.count
        return "\(archived) partitions archived, \(held) held back, content of \(blanked) rows blanked, "
            + "\(projects) projects archived"
    }

    private func blankContent() async throws -> Int {
        var total = 0
        let sets = try await PartitionStore.sets(in: owner)
        let unfinished = Set(try await ArchiveStore.unfinished(in: owner).map(\.partition.name))
        for standard in try await RetentionPlanStore.defaults(in: owner) {
            guard let content = RetentionRule.content[standard.table] else { continue }
            let isWhole = RetentionRule.wholeTables.contains(standard.table)
            let partitions =
                isWhole
                ? [TablePartition.whole(standard.table)]
                : sets.first { $0.table == standard.table }?.partitions ?? []
            for (organization, days) in try await RetentionPlanStore.contentDays(of: standard, in: owner) {
                let end = UniqueID.lowest(at: clock() - .seconds(Int64(days) * 86_400))
                for partition in partitions where partition.lower < end && !unfinished.contains(partition.name) {
                    var count = 0
                    repeat {
                        try Task.checkCancellation()
                        count = try await RetentionPlanStore.blank(
                            content, of: organization, before: end, in: partition, of: owner)
                        total += count
                    } while count > 0
                }
            }
        }
        return total
    }

    private func archiveProjects() async throws -> Int {
        let defaults = try await RetentionPlanStore.defaults(in: owner)
        guard let standard = defaults.first(where: { $0.table == "projects.projects" }) else { return 0 }
        return try await RetentionPlanStore.archiveProjects(standard, in: owner)
    }
}
