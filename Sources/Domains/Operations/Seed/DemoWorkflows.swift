// SPDX-License-Identifier: Apache-2.0
import JSON
import SwiftExtensions

/// A workflow with two versions, its runs, an offer on the marketplace, and an analysis of its code.
enum DemoWorkflows {
    static func add(to seed: inout SeedSet, _ people: SeedPeople) {
        let at = seed.time(daysAgo: 22, hour: 10)
        let workflow = seed.id("workflow letters", at: at)
        let versions = (1...2).map { seed.id("workflow version \($0)", at: at + .seconds(Int64($0) * 86_400)) }
        let definition: JSONValue = [
            "steps": [
                ["key": "mask", "type": "rule"], ["key": "draft", "type": "model", "model": "openai/gpt-4o-mini"],
                ["key": "sign", "type": "approval", "role": "manager"],
            ]
        ]
        seed.add(
            "orchestrator.workflows",
            [
                [
                    "id": .id(workflow), "name": "Discharge letter", "definition": definition, "version": 2,
                    "description": "Masks the notes, drafts the letter, waits for a signature.",
                    "visibility": "organization", "tags": ["letters", "healthcare"],
                    "created_by": .id(people["Ravi"].id), "created_at": .time(at),
                    "updated_at": .time(versions[1].time),
                ]
            ])
        seed.add(
            "orchestrator.workflow_versions",
            versions.enumerated().map { index, version in
                [
                    "id": .id(version), "workflow_id": .id(workflow), "version": .string("1.\(index)"),
                    "definition": definition, "change_log": index == 0 ? "First." : "Masks before it drafts.",
                    "created_by": .id(people["Ravi"].id), "created_at": .time(version.time),
                ]
            })
        runs(&seed, people, workflow, versions[1])
        let item = seed.id("marketplace", at: seed.time(daysAgo: 4, hour: 9))
        seed.add(
            "orchestrator.marketplace_items",
            [
                [
                    "id": .id(item), "workflow_id": .id(workflow), "version_id": .id(versions[1]),
                    "title": "Discharge letters", "category": "healthcare", "is_public": false, "downloads": 3,
                    "rating": "4.50", "published_by": .id(people["Tomas"].id), "created_at": .time(item.time),
                ]
            ])
        seed.add(
            "orchestrator.workflow_ratings",
            [("Mei", 5), ("Clara", 4)].map { name, rating in
                [
                    "workflow_id": .id(workflow), "user_id": .id(people[name].id), "rating": .whole(rating),
                    "review": "Saves an hour a day.", "created_at": .time(item.time),
                ]
            })
        analysis(&seed, people)
    }

    private static func runs(
        _ seed: inout SeedSet, _ people: SeedPeople, _ workflow: UniqueID, _ version: UniqueID
    ) {
        var runs: [JSONValue] = []
        var steps: [JSONValue] = []
        for number in 0..<12 {
            let start = seed.time(daysAgo: 18 - number, hour: 8, minute: number)
            let isFailed = number == 6
            let run = seed.id("run \(number)", at: start)
            runs.append([
                "id": .id(run), "workflow_id": .id(workflow), "version_id": .id(version),
                "status": isFailed ? "FAILED" : "COMPLETED", "parameters": ["note": .string("note-\(number)")],
                "result": isFailed ? .null : ["letters": 1], "error": isFailed ? "the provider was stopped" : .null,
                "metrics": ["steps": isFailed ? 2 : 3], "executor_id": .id(people["Clara"].id), "attempt": 1,
                "created_at": .time(start), "start_time": .time(start), "end_time": .time(start + .seconds(95)),
            ])
            for (index, key) in ["mask", "draft", "sign"].prefix(isFailed ? 2 : 3).enumerated() {
                let begin = start + .seconds(Int64(30 * index))
                steps.append([
                    "execution_id": .id(run), "step_key": .string(key),
                    "status": isFailed && key == "draft" ? "FAILED" : "COMPLETED", "created_at": .time(begin),
                    "start_time": .time(begin), "end_time": .time(begin + .seconds(28)),
                ])
            }
            seed.log(
                isFailed ? "execution.failed" : "execution.completed", "orchestrator", entity: "execution:\(run)",
                by: "user:\(people["Clara"].id)", isSuccess: !isFailed, id: run)
        }
        seed.add("orchestrator.executions", runs)
        seed.add("orchestrator.execution_steps", steps)
        seed.add(
            "orchestrator.notifications",
            [
                [
                    "id": .id(seed.id("notification", at: seed.time(daysAgo: 12, hour: 8, minute: 8))),
                    "channel": "in_app", "user_id": .id(people["Tomas"].id), "subject": "A run has failed",
                    "body": "Discharge letter: the provider was stopped.", "status": "sent",
                    "sent_at": .time(seed.time(daysAgo: 12, hour: 8, minute: 8)),
                ]
            ])
    }

    private static func analysis(_ seed: inout SeedSet, _ people: SeedPeople) {
        let at = seed.time(daysAgo: 6, hour: 11)
        let session = seed.id("analysis", at: at)
        seed.add(
            "production.analysis_sessions",
            [
                [
                    "id": .id(session), "user_id": .id(people["Ravi"].id), "version": "v2", "status": "completed",
                    "created_at": .time(at), "started_at": .time(at), "completed_at": .time(at + .seconds(80)),
                ]
            ])
        seed.add(
            "production.analysis_tasks",
            ["static", "ai"].map { type in
                [
                    "id": .id(seed.id("task \(type)", at: at)), "session_id": .id(session), "type": .string(type),
                    "status": "completed", "result": ["findings": 2], "duration_ms": 41000, "attempt": 1,
                    "created_at": .time(at), "started_at": .time(at), "completed_at": .time(at + .seconds(41)),
                ]
            })
        seed.add(
            "production.code_review_results",
            [
                [
                    "id": .id(seed.id("review", at: at)), "session_id": .id(session), "language": "python",
                    "length": 1840, "overall_score": "0.870", "vulnerabilities_count": 0, "issues_count": 2,
                    "model_used": "openai/gpt-4o", "analysis_time_ms": 41000, "created_at": .time(at + .seconds(80)),
                ]
            ])
    }
}
