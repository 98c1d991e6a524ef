// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Core
import HTTPServer
import Inventory
import JSON
import Observability

/// The pages of `docs/reference`, each a projection of a list that the program works with. Pure.
struct ReferencePages {
    let endpoints: [Endpoint]
    let metrics: [any Metric]

    private static let note = "<!-- Written by `make docs`; a test compares it with the program. -->\n\n"

    /// Each page with the name of its file.
    var all: [(name: String, text: String)] {
        [
            ("cli.md", Self.note + commands), ("configuration.md", Self.note + settings),
            ("endpoints.md", Self.note + endpointTable), ("metrics.md", Self.note + metricTable),
            ("lint.md", Self.note + lintTable),
            ("openapi.json", OpenAPI.document(endpoints, version: Version.current).pretty + "\n"),
        ]
    }

    private var commands: String {
        var text = "# Commands\n\nExit codes: "
        text += ExitCode.allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: " · ") + ".\n"
        for (command, help) in Commands.root.manual { text += "\n## \(command)\n\n```\n\(help)```\n" }
        return text
    }

    private var settings: String {
        var text = """
            # Settings

            From the environment, from a file of `KEY=value` lines (`--config FILE`), or from the command line. The
            command line wins over the environment, and that over the file. `witan settings` prints what is in force and
            where it comes from. An unknown name that begins with `WITAN_` is an error, and all errors are reported at
            once. Durations are written as `500ms`, `30s`, `5m`.

            | setting | takes | default | what it is |
            |---|---|---|---|

            """
        for setting in Setting.all {
            text += "| `\(setting.key)` | \(setting.kind.meaning)\(setting.isSecret ? ", secret" : "") "
            text += "| \(setting.standard.map { "`\($0)`" } ?? "–") | \(setting.sentence) |\n"
        }
        return text + "\nThe client commands read `WITAN_URL` (`http://127.0.0.1:8080`) and `WITAN_API_KEY`.\n"
    }

    private var endpointTable: String {
        var text = """
            # Endpoints

            The key goes into `Authorization: Bearer …`, `x-api-key` or `api-key`. Every answer carries `x-request-id`.
            [openapi.json](openapi.json) has the same in OpenAPI 3.1; [errors.md](errors.md) has the error codes.

            | endpoint | permission | audit action | what it does |
            |---|---|---|---|

            """
        let sorted = endpoints.sorted { ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue) }
        for endpoint in sorted {
            text +=
                "| `\(endpoint.method.rawValue) \(endpoint.path)` | \(endpoint.permission?.name ?? "open to all") "
            text += "| \(endpoint.audit ?? "–") | \(endpoint.summary) |\n"
        }
        for endpoint in sorted where !endpoint.fields.isEmpty {
            text +=
                "\n## \(endpoint.method.rawValue) \(endpoint.path)\n\n| field | type | what it is |\n|---|---|---|\n"
            for field in endpoint.fields {
                text +=
                    "| `\(field.name)` | \(field.type)\(field.isRequired ? ", required" : "") | \(field.summary) |\n"
            }
        }
        return text
    }

    private var lintTable: String {
        var text = """
            # Rules for migrations and for the schema

            What a file does is looked at before it runs: tables that the files themselves make are new, all others are
            taken to be in use. What holds for the whole schema is asked of the catalog. A comment above or in a
            statement excepts it: `-- allow: rule reason`; for indexes `-- Not led by org_id: reason` says the same as
            `-- allow: leading-column reason`. A table without `org_id` says why in its comment: `No org_id: reason`.

            | rule | looked for in | why | what to do |
            |---|---|---|---|

            """
        for rule in LintRule.allCases {
            let place = LintRule.ofCatalogs.contains(rule) ? "the catalog" : "files"
            text += "| `\(rule.rawValue)` | \(place) | \(rule.sentence) | \(rule.fix) |\n"
        }
        return text
    }

    private var metricTable: String {
        var text = """
            # Metrics

            `GET /metrics` serves them in Prometheus's text format, to anyone who can reach the port.

            | metric | kind | labels | what it counts |
            |---|---|---|---|

            """
        for family in MetricsRegistry(metrics).collect() {
            let labels = family.labels.map { "`\($0)`" }.joined(separator: " ")
            text +=
                "| `\(family.name)` | \(family.kind.rawValue) | \(labels.isEmpty ? "–" : labels) | \(family.help) |\n"
        }
        return text
    }
}

extension Setting.Kind {
    /// For readers.
    fileprivate var meaning: String {
        switch self {
        case .text: "text"
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .duration: "duration"
        case .address: "a numeric address and a port"
        case .webAddress: "an `http` or `https` address"
        case .boolean: "`true` or `false`"
        case .networks: "addresses or ranges"
        case .choice(let choices): choices.map { "`\($0)`" }.joined(separator: ", ")
        }
    }
}

extension ExitCode {
    /// For readers.
    fileprivate var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "usage"
        case .pending: "pending or would change"
        case .drift: "drift"
        case .checksumMismatch: "checksum mismatch"
        case .lockNotObtained: "lock not obtained"
        case .lint: "lint"
        case .interrupted: "interrupted step to resume"
        case .databaseNewer: "database newer than the program"
        case .unreachable: "unreachable"
        }
    }
}
