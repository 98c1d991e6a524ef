// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Governed models, their checks and trust, and the incident: a breaker trips, a kill switch is engaged and released.
enum DemoGovernance {
    static func add(
        to seed: inout SeedSet, _ people: SeedPeople, _ models: [SeedModel], _ projects: DemoProjects
    ) {
        let at = seed.time(daysAgo: 26, hour: 9)
        let names = seed
        func id(_ model: SeedModel) -> UniqueID { names.id("governed \(model.fullName)", at: at) }
        let governed = models.filter { $0.provider != "sandbox" }
        seed.add(
            "governance.governance_models",
            governed.map {
                [
                    "id": .id(id($0)), "name": .string($0.name), "version": "1", "provider": .string($0.provider),
                    "model_id": .id($0.id), "status": "ACTIVE", "owner_id": .id(people["Ines"].id),
                    "created_at": .time(at), "updated_at": .time(at),
                ]
            })
        checks(&seed, governed, id)
        compliance(&seed, people, projects)
        incident(&seed, people, governed, id)
    }

    private static func checks(_ seed: inout SeedSet, _ models: [SeedModel], _ id: (SeedModel) -> UniqueID) {
        var checks: [JSONValue] = []
        var trust: [JSONValue] = []
        for week in 0..<4 {
            for (index, model) in models.enumerated() {
                let at = seed.time(daysAgo: 25 - 7 * week, hour: 6, minute: index)
                for (framework, base) in [("EU_AI_ACT", 78), ("GDPR", 84)] {
                    let score = base + 3 * week - 2 * index
                    let check = seed.id("check \(framework) \(model.fullName) \(week)", at: at)
                    checks.append([
                        "id": .id(check), "model_id": .id(id(model)), "framework": .string(framework),
                        "score": .whole(score), "compliant": .bool(score >= 80),
                        "results": ["controls_checked": 24, "controls_met": .whole(24 * score / 100)],
                        "created_at": .time(at),
                    ])
                    seed.log(
                        "compliance.checked", "governance", entity: "governance_model:\(id(model))", by: "system",
                        payload: ["framework": .string(framework), "score": .whole(score)], id: check)
                }
                let values = (0..<5).map { 70 + 4 * week + Int(SeedSet.word("\(model.name) \($0)") % 12) - 3 * index }
                let global = values.reduce(0, +) / 5
                trust.append([
                    "id": .id(seed.id("trust \(model.fullName) \(week)", at: at)), "model_id": .id(id(model)),
                    "global_score": .whole(global),
                    "tier": global >= 85 ? "GOLD" : global >= 70 ? "SILVER" : "BRONZE",
                    "transparency": .whole(values[0]), "accountability": .whole(values[1]),
                    "fairness": .whole(values[2]), "privacy": .whole(values[3]), "robustness": .whole(values[4]),
                    "calculated_at": .time(at), "expires_at": .time(at + .seconds(30 * 86_400)),
                ])
            }
        }
        seed.add("governance.compliance_checks", checks)
        seed.add("governance.trust_indexes", trust)
    }

    private static func compliance(_ seed: inout SeedSet, _ people: SeedPeople, _ projects: DemoProjects) {
        let at = seed.time(daysAgo: 3, hour: 11)
        seed.add(
            "governance.compliance_data",
            [("hipaa", "compliant", 96, 0), ("gdpr", "in_review", 88, 1)].map { type, status, score, violations in
                [
                    "id": .id(seed.id("compliance \(type)", at: at)), "project_id": .id(projects.letters),
                    "compliance_type": .string(type), "status": .string(status), "last_checked": .time(at),
                    "violation_count": .whole(violations), "score": .whole(score), "checked_by": .id(people["Ines"].id),
                ]
            })
        let rule = seed.id("rule identifiers", at: at)
        seed.add(
            "governance.rules",
            [
                [
                    "id": .id(rule), "name": "No identifiers in prompts", "industry_type": "healthcare",
                    "category": "privacy", "priority": 9,
                    "content": "Names, birth dates and record numbers are masked before a prompt leaves the house.",
                    "triggers": ["prompt"], "created_by": .id(people["Ines"].id), "created_at": .time(at),
                ]
            ])
        seed.add(
            "governance.project_rules",
            [
                [
                    "id": .id(seed.id("rule on letters", at: at)), "project_id": .id(projects.letters),
                    "rule_id": .id(rule), "effectiveness": "0.94", "applied_at": .time(at),
                    "applied_by": .id(people["Ines"].id),
                ]
            ])
    }

    private static func incident(
        _ seed: inout SeedSet, _ people: SeedPeople, _ models: [SeedModel], _ id: (SeedModel) -> UniqueID
    ) {
        let opened = seed.time(daysAgo: 12, hour: 10, minute: 6)
        let engaged = seed.time(daysAgo: 12, hour: 10, minute: 14)
        let released = seed.time(daysAgo: 12, hour: 12, minute: 20)
        let breaker = seed.id("breaker openai", at: seed.time(daysAgo: 26, hour: 9))
        let admin = "user:\(people["Ines"].id)"
        seed.add(
            "governance.circuit_breakers",
            [
                [
                    "id": .id(breaker), "name": "provider openai", "threshold": 5, "window_ms": 60000,
                    "failure_count": 0, "state": "CLOSED", "opened_at": .time(opened), "generation": 4,
                    "trips": [
                        ["at": .time(opened), "from": "CLOSED", "to": "OPEN", "reason": "5 failures in 60 s"],
                        ["at": .time(released), "from": "OPEN", "to": "HALF_OPEN", "reason": "tries again"],
                        [
                            "at": .time(released + .seconds(2)), "from": "HALF_OPEN", "to": "CLOSED",
                            "reason": "answered",
                        ],
                    ],
                    "created_at": .time(breaker.time),
                ]
            ])
        let kill = seed.id("kill switch openai", at: engaged)
        seed.add(
            "governance.kill_switches",
            [
                [
                    "id": .id(kill), "scope": "provider", "target": "openai", "status": "INACTIVE",
                    "reason": "Answers of other patients seen in two letters; stopped until the provider explains.",
                    "triggered_by": .string(admin), "triggered_at": .time(engaged), "deactivated_by": .string(admin),
                    "deactivation_reason": "A caching fault at the provider, confirmed repaired.",
                    "deactivated_at": .time(released), "generation": 2,
                ]
            ])
        let entries: [(String, String, String, Timestamp)] = [
            ("breaker.opened", "breaker:\(breaker)", "system", opened),
            ("kill_switch.engaged", "kill_switch:\(kill)", admin, engaged),
            ("kill_switch.released", "kill_switch:\(kill)", admin, released),
            ("breaker.closed", "breaker:\(breaker)", "system", released + .seconds(2)),
        ]
        for (action, entity, actor, time) in entries {
            seed.log(
                action, "governance", entity: entity, by: actor, payload: ["target": "openai"],
                id: seed.id("log \(action)", at: time))
        }
    }
}
