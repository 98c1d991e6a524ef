// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// The demo: four weeks of Northwind Clinic. It sets up models and councils; a provider fails and is stopped; one
/// experiment ends in quarantine, another is promoted; everything is in the log.
enum DemoStory {
    static func make(day: Timestamp) -> SeedSet {
        var seed = SeedSet(.demo, slug: "northwind-clinic", day: day)
        let people = SeedPeople.add(
            to: &seed, name: "Northwind Clinic", plan: "professional",
            people: [
                ("Ines Okafor", "admin"), ("Tomas Lindqvist", "manager"), ("Mei Tanaka", "developer"),
                ("Ravi Prasad", "developer"), ("Clara Weiss", "viewer"),
            ])
        teams(&seed, people)
        let models = seed.addModels(
            [
                ("openai", "openai", nil), ("backup", "openai_compatible", "https://models.example/v1"),
                ("sandbox", "sandbox", nil),
            ],
            [
                ("openai", "gpt-4o-mini", "0.00000015", "0.0000006", "limited"),
                ("openai", "gpt-4o", "0.0000025", "0.00001", "high"),
                ("backup", "small-instruct", "0.0000001", "0.0000004", "limited"),
                ("sandbox", "echo", "0.00000015", "0.0000006", "minimal"),
            ])
        // On the day of the incident one provider fails between ten and twelve.
        let (from, to) = (seed.time(daysAgo: 12, hour: 10), seed.time(daysAgo: 12, hour: 12))
        seed.addCalls(640, days: 28, of: models, by: people) { model, time in
            model.provider == "openai" && from <= time && time < to
        }
        let projects = DemoProjects.add(to: &seed, people)
        DemoGovernance.add(to: &seed, people, models, projects)
        DemoCouncil.add(to: &seed, people, models)
        DemoExperiments.add(to: &seed, people, projects)
        DemoWorkflows.add(to: &seed, people)
        return seed
    }

    private static func teams(_ seed: inout SeedSet, _ people: SeedPeople) {
        let at = seed.time(daysAgo: 28, hour: 8)
        let teams = [("Triage", ["Tomas", "Mei", "Ravi"]), ("Oversight", ["Ines", "Clara"])]
        func id(_ name: String) -> UniqueID { seed.id("team \(name)", at: at) }
        let rows: [JSONValue] = teams.map { ["id": .id(id($0.0)), "name": .string($0.0), "created_at": .time(at)] }
        let members: [JSONValue] = teams.flatMap { team, names in
            names.enumerated().map { index, name in
                [
                    "team_id": .id(id(team)), "user_id": .id(people[name].id), "role": index == 0 ? "lead" : "member",
                    "created_at": .time(at),
                ]
            }
        }
        let quota: JSONValue = [
            "id": .id(seed.id("quota triage", at: at)), "team_id": .id(id("Triage")), "daily_request_limit": 2000,
            "monthly_cost_limit": "250", "created_at": .time(at),
        ]
        seed.add("auth.teams", rows)
        seed.add("auth.team_members", members)
        seed.add("providers.user_quotas", [quota])
    }
}

/// Two projects with their versions, baselines and a policy.
struct DemoProjects {
    let letters: UniqueID
    let triage: UniqueID
    let lettersV1: UniqueID
    let lettersV2: UniqueID

    static func add(to seed: inout SeedSet, _ people: SeedPeople) -> DemoProjects {
        let at = seed.time(daysAgo: 27, hour: 9)
        let promoted = seed.time(daysAgo: 5, hour: 15)
        let found = DemoProjects(
            letters: seed.id("project letters", at: at), triage: seed.id("project triage", at: at),
            lettersV1: seed.id("letters v1", at: at), lettersV2: seed.id("letters v2", at: promoted))
        let owner = people["Tomas"].id
        func project(_ id: UniqueID, _ name: String, _ description: String) -> JSONValue {
            [
                "id": .id(id), "name": .string(name), "description": .string(description),
                "industry_type": "healthcare", "status": "active", "owner_id": .id(owner), "created_by": .id(owner),
                "created_at": .time(at), "updated_at": .time(at),
            ]
        }
        seed.add(
            "projects.projects",
            [
                project(found.letters, "Discharge letters", "Drafts letters from notes; a physician signs each."),
                project(found.triage, "Triage assistant", "Orders incoming messages by urgency."),
            ])
        func version(
            _ id: UniqueID, _ tag: String, _ model: String, _ change: String, _ time: Timestamp, isPromoted: Bool
        ) -> JSONValue {
            [
                "id": .id(id), "project_id": .id(found.letters), "tag": .string(tag),
                "model_config": ["model": .string(model), "temperature": 0], "changelog": .string(change),
                "promoted_at": isPromoted ? .time(time) : .null, "promoted_by": isPromoted ? .id(owner) : .null,
                "created_at": .time(time),
            ]
        }
        seed.add(
            "projects.versions",
            [
                version(found.lettersV1, "v1", "openai/gpt-4o", "First trial.", at, isPromoted: false),
                version(
                    found.lettersV2, "v2", "openai/gpt-4o-mini", "As good at a sixteenth of the price.", promoted,
                    isPromoted: true),
            ])
        seed.add(
            "projects.baselines",
            [
                ("accuracy", ">=", "0.92", true), ("hallucination_rate", "<=", "0.02", true),
                ("p95_ms", "<", "4000", false),
            ]
            .map { metric, comparison, threshold, isCritical in
                [
                    "id": .id(seed.id("baseline \(metric)", at: at)), "project_id": .id(found.letters),
                    "metric_key": .string(metric), "operator": .string(comparison),
                    "threshold": .string(threshold), "is_critical": .bool(isCritical), "created_at": .time(at),
                ]
            })
        oblige(&seed, people, found, at)
        return found
    }

    private static func oblige(
        _ seed: inout SeedSet, _ people: SeedPeople, _ found: DemoProjects, _ at: Timestamp
    ) {
        let owner = people["Tomas"].id
        let policy = seed.id("policy signature", at: at)
        seed.add(
            "projects.policies",
            [
                [
                    "id": .id(policy), "name": "A physician signs",
                    "description": "No letter leaves without a person's signature.",
                    "builtin": ["kind": "requires_approval", "role": "manager"], "created_by": .id(owner),
                    "created_at": .time(at),
                ]
            ])
        seed.add(
            "projects.project_policies",
            [
                [
                    "project_id": .id(found.letters), "policy_id": .id(policy), "applied_by": .id(owner),
                    "created_at": .time(at),
                ]
            ])
    }
}
