// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Foundation
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Operations

@Suite(.serialized) struct RetentionPolicyTests {
    private let standard = RetentionDefault(table: "t.t", keepDays: 365, contentDays: nil, reason: "r")
    private let month = TablePartition(
        name: "t.t_1", lower: UniqueID.lowest(at: Timestamp(microseconds: 0)),
        upper: UniqueID.lowest(at: Timestamp(microseconds: 2_678_400_000_000)))

    private func policy(_ duty: String, keep: Int32?, content: Int32?) -> RetentionPolicy {
        RetentionPolicy(
            id: .v7(), table: "t.t", duty: duty, keepDays: keep, contentDays: content, createdAt: .now())
    }

    @Test("the longest duty keeps the row, the shortest ends its content")
    func duties() {
        let policies = [
            policy("tax", keep: 3650, content: nil), policy("privacy", keep: 30, content: 30),
            policy("contract", keep: nil, content: 90),
        ]
        #expect(RetentionRule.keepDays(policies, default: standard) == 3650)
        #expect(RetentionRule.contentDays(policies, default: standard) == 30)
        #expect(RetentionRule.keepDays([], default: standard) == 365)
        #expect(RetentionRule.contentDays([], default: standard) == nil)
        #expect(RetentionRule.keepDays([policies[2]], default: standard) == 365)
        #expect(RetentionRule.keepDays([policies[1]], default: standard) == 30)
    }

    @Test("a partition is due when every organization's duty is over, not a moment before")
    func decisions() {
        let end = month.upper.time
        func decide(_ keep: [Int32?], holds: Int = 0, after days: Int64) -> PartitionDecision {
            RetentionRule.decide(month, keep: keep, holds: holds, now: end + .seconds(days * 86_400))
        }
        #expect(decide([10, 30], after: 30) == .due)
        #expect(decide([10, 30], after: 29) == .kept(until: end + .seconds(30 * 86_400)))
        #expect(decide([10, nil], after: 100_000) == .keptForGood)
        #expect(decide([10], holds: 1, after: 100_000) == .held)
    }

    @Test("what is out of bounds is refused with the field's name")
    func bounds() throws {
        func field(_ table: String, _ duty: String, _ keep: Int64?, _ content: Int64?) -> String? {
            do {
                _ = try NewRetentionPolicy(table: table, duty: duty, keepDays: keep, contentDays: content)
                return nil
            } catch { return error.parameter }
        }
        #expect(field("t.t", "tax", 1, 36_525) == nil)
        #expect(field("t.t", "", 1, nil) == "duty")
        #expect(field("t.t", "tax", 0, nil) == "keep_days")
        #expect(field("t.t", "tax", nil, 36_526) == "content_days")
        #expect(field("t.t", "tax", nil, nil) == "keep_days")
    }

    private func principal(_ organization: UniqueID) -> Principal {
        Principal(
            organization: organization, caller: .key(.v7()), name: "k", role: .admin, allowedModels: [],
            policy: OrganizationPolicy(contentRetention: true, durableAnswers: true, unknownPriceCeiling: nil))
    }

    @Test("a policy is set, replaced by its duty, retired, recorded, and seen by its organization only")
    func service() async throws {
        try await withBench { bench in
            let service = RetentionPolicyService(database: bench.app)
            let (mine, other) = (bench.organizations[0], bench.organizations[1])
            func new(_ days: Int64) throws -> NewRetentionPolicy {
                try NewRetentionPolicy(table: "council.requests", duty: "tax", keepDays: days, contentDays: nil)
            }
            _ = try await service.set(try new(10), by: principal(mine))
            let second = try await service.set(try new(20), by: principal(mine))
            #expect(try await service.list(of: mine) == [second])
            #expect(try await service.list(of: other).isEmpty)
            let force = try await service.inForce(of: mine).first { $0.standard.table == "council.requests" }
            #expect(force?.keepDays == 20 && force?.duties == ["tax"])
            await #expect(throws: DomainError.self) { try await service.find(second.id, of: other) }
            await #expect(throws: DomainError.self) { try await service.retire(second.id, by: principal(other)) }
            try await service.retire(second.id, by: principal(mine))
            #expect(try await service.list(of: mine).isEmpty)
            await #expect(throws: DomainError.self) {
                try await service.set(
                    try NewRetentionPolicy(table: "auth.users", duty: "x", keepDays: 1, contentDays: nil),
                    by: principal(mine))
            }
            let actions = try bench.store.psql(
                "SELECT string_agg(action, ' ' ORDER BY id) FROM audits.audit_log WHERE org_id = '\(mine)'")
            #expect(actions == "retention.set retention.set retention.retired")
        }
    }

    @Test("one organization that keeps its rows longer keeps the partition; one without rows does not")
    func longestAcrossOrganizations() async throws {
        try await withBench { bench in
            try await bench.fill()
            let service = RetentionPolicyService(database: bench.app)
            func decision() async throws -> PartitionDecision? {
                try await RetentionPlanStore.plan(now: .now(), in: bench.owner)
                    .first { $0.table == "audits.audit_log" }?.decision
            }
            #expect(try await decision() == .due)
            let long = try NewRetentionPolicy(
                table: "audits.audit_log", duty: "tax", keepDays: 36_525, contentDays: nil)
            let bystander = UniqueID.v7()
            try bench.store.psql("INSERT INTO auth.organizations (id, name, slug) VALUES ('\(bystander)', 'b', 'b')")
            _ = try await service.set(long, by: principal(bystander))
            #expect(try await decision() == .due)
            _ = try await service.set(long, by: principal(bench.organizations[1]))
            guard case .kept = try await decision() else {
                Issue.record("the partition is not kept")
                return
            }
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said.hasPrefix("0 partitions archived"))
        }
    }

    @Test("what was said in conversations is blanked after the organization's days, and no row may be asked to go")
    func conversations() async throws {
        try await withBench { bench in
            for (index, organization) in bench.organizations.enumerated() {
                let session = UniqueID.v7()
                try bench.store.psql(
                    """
                    INSERT INTO council.sessions (org_id, id) VALUES ('\(organization)', '\(session)');
                    INSERT INTO council.session_history (org_id, session_id, id, role, content)
                    VALUES ('\(organization)', '\(session)', '\(bench.oldID(index))', 'user', 'old'),
                        ('\(organization)', '\(session)', '\(UniqueID.v7())', 'user', 'new')
                    """)
            }
            let error = #expect(throws: DomainError.self) {
                try NewRetentionPolicy(table: "council.session_history", duty: "tax", keepDays: 30, contentDays: 30)
            }
            #expect(error?.parameter == "keep_days")
            let policy = try NewRetentionPolicy(
                table: "council.session_history", duty: "privacy", keepDays: nil, contentDays: 30)
            _ = try await RetentionPolicyService(database: bench.app).set(policy, by: principal(bench.organizations[0]))
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said.contains("content of 1 rows blanked"), "\(said)")
            let left = try bench.store.psql(
                "SELECT string_agg('<' || content || '>', ' ' ORDER BY org_id, id) FROM council.session_history")
            #expect(left == "<> <new> <old> <new>")
        }
    }

    @Test("content is blanked after the organization's days, of its own rows only, and the rows stay")
    func content() async throws {
        try await withBench { bench in
            for (index, organization) in bench.organizations.enumerated() {
                for (id, text) in [(bench.oldID(index), "old"), (UniqueID.v7(), "new")] {
                    try bench.store.psql(
                        """
                        INSERT INTO council.requests (org_id, id, api_key_id, status, model, stream, http_status,
                            total_cost, total_latency_ms, request_sha256, request_content, response_content)
                        VALUES ('\(organization)', '\(id)', '\(UniqueID.v7())', 'completed', 'm', false, 200, 0, 1,
                            sha256('x'), '\(text)', 'answer');
                        INSERT INTO council.council_responses (org_id, request_id, id, council_member_id, round_number,
                            content, token_usage, latency_ms)
                        VALUES ('\(organization)', '\(id)', '\(UniqueID.v7())', 'm', 0, '\(text)', '{}', 1)
                        """)
                }
            }
            let policy = try NewRetentionPolicy(
                table: "council.requests", duty: "privacy", keepDays: nil, contentDays: 30)
            _ = try await RetentionPolicyService(database: bench.app).set(policy, by: principal(bench.organizations[0]))
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said.contains("content of 1 rows blanked"))
            let left = try bench.store.psql(
                """
                SELECT string_agg(coalesce(request_content, '-') || coalesce(response_content, '-'), ' '
                    ORDER BY org_id, id)
                FROM council.requests
                """)
            #expect(left == "-- newanswer oldanswer newanswer")
            let answers = try bench.store.psql(
                "SELECT string_agg('<' || content || '>', ' ' ORDER BY org_id, request_id) FROM council.council_responses"
            )
            #expect(answers == "<old> <new> <old> <new>")
        }
    }

    @Test("a legal hold keeps partitions and content until it is released")
    func hold() async throws {
        try await withBench { bench in
            try await bench.fill()
            let held = bench.organizations[1]
            try bench.store.psql(
                "INSERT INTO auth.legal_holds (org_id, id, matter) VALUES ('\(held)', '\(UniqueID.v7())', 'a case')")
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said.hasPrefix("0 partitions archived, 1 held back"))
            let kept = try bench.store.psql("SELECT to_regclass('audits.audit_log_2024_01')")
            #expect(kept == "audits.audit_log_2024_01")
            try bench.store.psql("UPDATE auth.legal_holds SET released_at = now()")
            let then = try await bench.worker().run(under: bench.lease)
            #expect(then.hasPrefix("1 partitions archived, 0 held back"))
        }
    }

    @Test(
        "a hold that is placed after an archive was begun stops it where it stands, and nothing is dropped",
        arguments: [ArchiveStep.fileWritten, .signed, .detachmentNoted])
    func holdInBetween(step: ArchiveStep) async throws {
        try await withBench { bench in
            try await bench.fill()
            await #expect(throws: Killed.self) { try await bench.worker(killAt: step).run(under: bench.lease) }
            try bench.store.psql(
                """
                INSERT INTO auth.legal_holds (org_id, id, matter)
                VALUES ('\(bench.organizations[1])', '\(UniqueID.v7())', 'a case')
                """)
            for _ in 0..<2 {
                let said = try await bench.worker().run(under: bench.lease)
                #expect(said.hasPrefix("0 partitions archived"))
            }
            #expect(try bench.store.psql("SELECT count(*) FROM audits.audit_log_2024_01") == "12")
            try bench.store.psql("UPDATE auth.legal_holds SET released_at = now()")
            #expect(try await bench.worker().run(under: bench.lease).hasPrefix("1 partitions archived"))
            #expect(try bench.store.psql("SELECT to_regclass('audits.audit_log_2024_01')").isEmpty)
        }
    }

    @Test("the three jobs of the orchestrated design: projects, audit log, system log")
    func sourceDesign() async throws {
        try await withBench { bench in
            try await bench.fill()
            try bench.addMonth(to: "audits.system_logs")
            let mine = bench.organizations[0]
            for (name, status, days) in [
                ("old", "completed", 800), ("young", "completed", 10), ("busy", "active", 800),
            ] {
                try bench.store.psql(
                    """
                    INSERT INTO projects.projects (org_id, id, name, status, created_at, updated_at)
                    VALUES ('\(mine)', '\(UniqueID.v7())', '\(name)', '\(status)', now() - interval '\(days) days',
                        now() - interval '\(days) days')
                    """)
            }
            try bench.store.psql(
                """
                INSERT INTO audits.system_logs (id, level, component, message)
                VALUES ('\(bench.oldID(3))', 'INFO', 'tests', 'old'), ('\(UniqueID.v7())', 'INFO', 'tests', 'new')
                """)
            let said = try await bench.worker().run(under: bench.lease)
            #expect(said == "2 partitions archived, 0 held back, content of 0 rows blanked, 1 projects archived")
            let projects = try bench.store.psql(
                "SELECT string_agg(name || ' ' || status, ', ' ORDER BY name) FROM projects.projects")
            #expect(projects == "busy active, old archived, young completed")
            #expect(try bench.store.psql("SELECT string_agg(message, ' ') FROM audits.system_logs") == "new")
            let told = try bench.store.psql(
                """
                SELECT count(*) FROM audits.audit_log WHERE action = 'partition.archived'
                    AND payload::text LIKE '%audits.system_logs_2024_01%'
                """)
            #expect(told == "1")
            try await bench.seal()
            try await bench.expectIntact()
        }
    }

    @Test("months leave in order: one whose duty is over waits for the older one that stays")
    func order() async throws {
        try await withBench { bench in
            try await bench.fill()
            try bench.store.psql(
                """
                CREATE TABLE audits.audit_log_2024_02 PARTITION OF audits.audit_log
                    FOR VALUES FROM ('018d61f7-1800-0000-0000-000000000000')
                        TO ('018df74f-8400-0000-0000-000000000000');
                ALTER TABLE audits.audit_log_2024_02 OWNER TO witan_owner
                """)
            func decisions() async throws -> [PartitionDecision] {
                try await RetentionPlanStore.plan(now: .now(), in: bench.owner)
                    .filter { $0.table == "audits.audit_log" && $0.partition.name.contains("2024") }.map(\.decision)
            }
            #expect(try await decisions() == [.due, .due])
            try bench.store.psql(
                """
                INSERT INTO auth.legal_holds (org_id, id, matter)
                VALUES ('\(bench.organizations[0])', '\(UniqueID.v7())', 'a case')
                """)
            #expect(try await decisions() == [.held, .waits])
        }
    }
}
