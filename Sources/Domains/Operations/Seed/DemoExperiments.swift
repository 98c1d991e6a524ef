// SPDX-License-Identifier: Apache-2.0
import Cryptography
import JSON
import SwiftExtensions

/// Two experiments: one fails its baselines and goes into quarantine, one passes and is promoted from v1 to v2.
enum DemoExperiments {
    private struct Trial {
        let name: String
        let model: String
        let temperature: Int
        let accuracy: String
        let hallucination: String
        let isPassed: Bool
        let daysAgo: Int

        var config: JSONValue { ["model": .string(model), "temperature": .whole(temperature)] }
        var hash: Digest { SHA256.hash((try? config.canonicalBytes()) ?? []) }
        var metrics: JSONValue {
            ["accuracy": .string(accuracy), "hallucination_rate": .string(hallucination), "samples": 400]
        }
    }

    static func add(to seed: inout SeedSet, _ people: SeedPeople, _ projects: DemoProjects) {
        let failed = Trial(
            name: "Letters without a second look", model: "backup/small-instruct", temperature: 1, accuracy: "0.71",
            hallucination: "0.11", isPassed: false, daysAgo: 16)
        let passed = Trial(
            name: "Letters by the small model", model: "openai/gpt-4o-mini", temperature: 0, accuracy: "0.94",
            hallucination: "0.012", isPassed: true, daysAgo: 7)
        for trial in [failed, passed] { add(trial, to: &seed, people, projects) }
        quarantine(failed, &seed, people)
        promote(passed, &seed, people, projects)
    }

    private static func id(_ trial: Trial, _ seed: SeedSet) -> UniqueID {
        seed.id("experiment \(trial.name)", at: seed.time(daysAgo: trial.daysAgo, hour: 9))
    }

    private static func add(
        _ trial: Trial, to seed: inout SeedSet, _ people: SeedPeople, _ projects: DemoProjects
    ) {
        let start = seed.time(daysAgo: trial.daysAgo, hour: 9)
        let end = seed.time(daysAgo: trial.daysAgo, hour: 13)
        let experiment = id(trial, seed)
        seed.add(
            "experiments_v1.experiments",
            [
                [
                    "id": .id(experiment), "project_id": .id(projects.letters), "name": .string(trial.name),
                    "config": trial.config, "config_hash": .bytes(trial.hash),
                    "status": trial.isPassed ? "promoted" : "quarantined", "created_by": .id(people["Mei"].id),
                    "created_at": .time(start), "updated_at": .time(end), "started_at": .time(start),
                    "completed_at": .time(end),
                ]
            ])
        let evaluation = seed.id("evaluation \(trial.name)", at: end)
        seed.add(
            "experiments_v1.evaluations",
            [
                [
                    "id": .id(evaluation), "experiment_id": .id(experiment), "metrics": trial.metrics,
                    "ai_verdict": trial.isPassed ? "pass" : "fail", "ai_confidence": "0.970", "evaluated_by": "ai",
                    "evaluated_at": .time(end),
                ]
            ])
        seed.log(
            "experiment.evaluated", "experiments", entity: "experiment:\(experiment)", by: "system",
            payload: ["verdict": trial.isPassed ? "pass" : "fail", "metrics": trial.metrics], id: evaluation)
    }

    private static func quarantine(_ trial: Trial, _ seed: inout SeedSet, _ people: SeedPeople) {
        let at = seed.time(daysAgo: trial.daysAgo, hour: 14)
        let record = seed.id("quarantine record", at: at)
        let reason = "Invents medication in one letter of nine."
        seed.add(
            "experiments_v1.blacklist",
            [
                [
                    "id": .id(seed.id("blacklist", at: at)), "config_hash": .bytes(trial.hash),
                    "experiment_id": .id(id(trial, seed)), "reason": .string(reason),
                    "evidence": ["letters": [17, 112, 301]], "quarantined_at": .time(at),
                    "quarantined_by": .id(people["Tomas"].id),
                ]
            ])
        seed.add(
            "quarantine.quarantine_records", role: "witan_owner",
            [
                [
                    "id": .id(record), "experiment_id": .id(id(trial, seed)), "config_hash": .bytes(trial.hash),
                    "config": trial.config, "reason": .string(reason), "evidence": ["letters": [17, 112, 301]],
                    "failure_metrics": trial.metrics, "quarantined_by": .id(people["Tomas"].id),
                    "quarantined_at": .time(at),
                ]
            ])
        seed.add(
            "quarantine.reevaluation_requests",
            [
                [
                    "id": .id(seed.id("reevaluation", at: at + .seconds(86_400))), "record_id": .id(record),
                    "requested_by": .id(people["Ravi"].id), "status": "pending",
                    "reason": "With temperature 0 it may be another matter.",
                    "created_at": .time(at + .seconds(86_400)),
                ]
            ])
        seed.log(
            "experiment.quarantined", "quarantine", entity: "quarantine_record:\(record)",
            by: "user:\(people["Tomas"].id)", payload: ["reason": .string(reason)], id: record)
    }

    private static func promote(
        _ trial: Trial, _ seed: inout SeedSet, _ people: SeedPeople, _ projects: DemoProjects
    ) {
        let at = seed.time(daysAgo: 5, hour: 15)
        let promotion = seed.id("promotion", at: at)
        let reason = "Meets every baseline at a sixteenth of the price."
        seed.add(
            "experiments_v1.comparison_reports",
            [
                [
                    "id": .id(seed.id("comparison", at: at - .seconds(3600))), "v1_experiment_id": .id(id(trial, seed)),
                    "v2_version_id": .id(projects.lettersV2), "metrics": trial.metrics, "recommendation": "promote",
                    "confidence": "0.950", "created_at": .time(at - .seconds(3600)),
                ]
            ])
        seed.add(
            "experiments_v1.promotions",
            [
                [
                    "id": .id(promotion), "experiment_id": .id(id(trial, seed)), "version_id": .id(projects.lettersV2),
                    "config_hash": .bytes(trial.hash), "status": "completed", "reason": .string(reason),
                    "requested_by": .id(people["Mei"].id), "approver_id": .id(people["Tomas"].id),
                    "decided_at": .time(at), "promoted_at": .time(at), "created_at": .time(at), "updated_at": .time(at),
                ]
            ])
        seed.add(
            "projects.version_history",
            [
                [
                    "id": .id(seed.id("version history", at: at)), "project_id": .id(projects.letters),
                    "version_id": .id(projects.lettersV2), "action": "promoted", "from_tag": "v1", "to_tag": "v2",
                    "reason": .string(reason), "actor": .string("user:\(people["Tomas"].id)"), "created_at": .time(at),
                ]
            ])
        seed.log(
            "version.promoted", "projects", entity: "version:\(projects.lettersV2)", by: "user:\(people["Tomas"].id)",
            payload: ["from": "v1", "to": "v2", "reason": .string(reason)], id: promotion)
    }
}
