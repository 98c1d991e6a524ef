// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// One thing that was looked at on the way to a store.
package struct CheckResult: Sendable, Equatable {
    /// Whether it is as it should be.
    package enum Level: String, Sendable { case ok, warn, fail }

    /// Which address, such as `DATABASE_URL`.
    package let subject: String
    /// What was looked at.
    package let check: String
    /// How it is.
    package let level: Level
    /// What was found.
    package let found: String
    /// What to do; empty when there is nothing to do.
    package let advice: String

    package init(_ subject: String, _ check: String, _ level: Level, _ found: String, advice: String = "") {
        self.subject = subject
        self.check = check
        self.level = level
        self.found = found
        self.advice = advice
    }
}

/// What a PostgreSQL server says about itself and about us.
package struct ServerFacts: Sendable {
    /// A role of the schema, and whether the login may act as it.
    package struct RoleFact: Sendable {
        /// The role's name.
        package let name: String
        /// Whether the cluster has it.
        package let exists: Bool
        /// Whether the login may `SET ROLE` to it.
        package let mayAct: Bool
        /// Whether the login neither has the role whole (`SET` and `INHERIT`) nor may grant it to itself: since
        /// PostgreSQL 16 CREATEROLE is not enough for a role that somebody else made.
        package let isOutOfReach: Bool

        package init(name: String, exists: Bool, mayAct: Bool, isOutOfReach: Bool = false) {
            self.name = name
            self.exists = exists
            self.mayAct = mayAct
            self.isOutOfReach = isOutOfReach
        }
    }

    /// Where the server sees us.
    package enum Path: String, Sendable { case socket = "unix socket", loopback, network }

    /// As 160003.
    package var versionNumber: Int32
    /// The login.
    package var login: String
    /// Where the server sees us; a pooler in front sees us elsewhere.
    package var path: Path
    /// Protocol and cipher; nil without TLS.
    package var tls: String?
    /// Whether the login is a superuser.
    package var isSuperuser: Bool
    /// Whether the login has CREATEROLE.
    package var mayCreateRoles: Bool
    /// Whether the login has CREATE on the database.
    package var mayCreateSchemas: Bool
    /// Whether the server follows another and takes no writes.
    package var isStandby: Bool
    /// Whether transactions are read-only unless they say otherwise.
    package var isReadOnly: Bool
    /// The database's, such as `UTF8`.
    package var encoding: String
    /// The database's, such as `C.UTF-8`.
    package var collation: String
    /// Whether the libraries' collations are another version than the database was made with.
    package var hasOldCollations: Bool
    /// Ours minus the server's.
    package var clockSkew: Duration
    /// The roles of the schema.
    package var roles: [RoleFact]
    /// Whether two connections were served by one backend: a pooler in transaction mode.
    package var sharesBackends: Bool
    /// `max_connections`.
    package var connectionsMax: Int32
    /// Tables and rights that a role should have and has not: `witan_app SELECT ON auth.users`.
    package var missingRights: [String]

    package init(
        versionNumber: Int32, login: String, path: Path, tls: String?, isSuperuser: Bool, mayCreateRoles: Bool,
        mayCreateSchemas: Bool, isStandby: Bool, isReadOnly: Bool, encoding: String, collation: String,
        hasOldCollations: Bool, clockSkew: Duration, roles: [RoleFact], sharesBackends: Bool, connectionsMax: Int32,
        missingRights: [String]
    ) {
        self.versionNumber = versionNumber
        self.login = login
        self.path = path
        self.tls = tls
        self.isSuperuser = isSuperuser
        self.mayCreateRoles = mayCreateRoles
        self.mayCreateSchemas = mayCreateSchemas
        self.isStandby = isStandby
        self.isReadOnly = isReadOnly
        self.encoding = encoding
        self.collation = collation
        self.hasOldCollations = hasOldCollations
        self.clockSkew = clockSkew
        self.roles = roles
        self.sharesBackends = sharesBackends
        self.connectionsMax = connectionsMax
        self.missingRights = missingRights
    }
}

/// What the facts mean for the program (`DATABASE_URL`) or for migrations (`DIRECT_URL`).
package enum ConnectionRule {
    /// What an address is used for.
    package enum Purpose: Sendable {
        /// The program's own work, and how many connections it may open.
        case program(connections: Int)
        /// Migrations, retention, reports.
        case migrations
    }

    /// Roles that the program acts as.
    package static let programRoles = ["witan_app", "witan_ingest", "witan_sealer"]
    /// Major versions that are tested.
    package static let versions: ClosedRange<Int32> = 15...18

    /// A line for each thing looked at, in the order people would look.
    package static func results(_ subject: String, _ facts: ServerFacts, for purpose: Purpose) -> [CheckResult] {
        func result(_ check: String, _ level: CheckResult.Level, _ found: String, _ advice: String = "") -> CheckResult
        {
            CheckResult(subject, check, level, found, advice: advice)
        }
        return [
            version(facts, result), transport(facts, result), clock(facts, result), writable(facts, result),
            text(facts, result), pooler(facts, purpose, result),
        ] + rights(facts, purpose, result)
    }

    private typealias Make = (String, CheckResult.Level, String, String) -> CheckResult

    private static func version(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        let major = facts.versionNumber / 10_000
        let found = "PostgreSQL \(major).\(facts.versionNumber % 10_000)"
        if major < versions.lowerBound { return make("version", .fail, found, "use PostgreSQL 15 to 18") }
        if major > versions.upperBound { return make("version", .warn, found, "newer than what was tested (15 to 18)") }
        return make("version", .ok, found, "")
    }

    private static func transport(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        if let tls = facts.tls { return make("tls", .ok, tls, "") }
        if facts.path != .network { return make("tls", .ok, "\(facts.path.rawValue), none needed", "") }
        return make(
            "tls", .fail, "none, over the network", "add sslmode=verify-full&sslrootcert=FILE to the URL")
    }

    private static func clock(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        let skew = facts.clockSkew
        let size = skew < .zero ? .zero - skew : skew
        let milliseconds = Int64(skew / .milliseconds(1))
        let found = "\(milliseconds) ms apart"
        if size > .seconds(60) { return make("clock", .fail, found, "ids carry time: synchronize both clocks (NTP)") }
        if size > .seconds(2) { return make("clock", .warn, found, "synchronize both clocks (NTP)") }
        return make("clock", .ok, found, "")
    }

    private static func writable(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        if facts.isStandby { return make("writable", .fail, "a standby", "name the primary's address") }
        if facts.isReadOnly {
            return make(
                "writable", .fail, "read-only by default", "ALTER ROLE … SET default_transaction_read_only = off")
        }
        return make("writable", .ok, "yes", "")
    }

    private static func text(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        let found = "\(facts.encoding), \(facts.collation)"
        guard facts.encoding == "UTF8" else {
            return make("encoding", .fail, found, "make the database with ENCODING 'UTF8' TEMPLATE template0")
        }
        if facts.hasOldCollations {
            return make(
                "encoding", .warn, "\(found), of an older library",
                "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION")
        }
        return make("encoding", .ok, found, "")
    }

    private static func pooler(_ facts: ServerFacts, _ purpose: Purpose, _ make: Make) -> CheckResult {
        guard facts.sharesBackends else { return make("pooler", .ok, "none, or one session a connection", "") }
        return switch purpose {
        case .migrations:
            make("pooler", .fail, "in transaction mode", "name the server's own address with DIRECT_URL")
        case .program:
            // Sessions act as roles that keep organizations apart; such a pooler hands them to each other.
            make(
                "pooler", .fail, "in transaction mode",
                "name the server's own address with DATABASE_URL; see docs/operations/own-postgresql.md")
        }
    }

    private static func rights(_ facts: ServerFacts, _ purpose: Purpose, _ make: Make) -> [CheckResult] {
        switch purpose {
        case .migrations: [migrationRights(facts, make)]
        case .program(let connections):
            [roles(facts, make), tables(facts, make), room(facts, connections, make)]
        }
    }

    private static func migrationRights(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        var missing: [String] = []
        let hasOwner = facts.roles.contains { $0.name == "witan_owner" && $0.exists && $0.mayAct }
        if !facts.isSuperuser, !facts.mayCreateRoles, !hasOwner {
            missing.append("ALTER ROLE \(quoted(facts.login)) CREATEROLE")
        }
        let outOfReach = facts.roles.filter { $0.exists && $0.isOutOfReach }.map(\.name)
        if !facts.isSuperuser, !outOfReach.isEmpty {
            missing.append("GRANT \(outOfReach.joined(separator: ", ")) TO \(quoted(facts.login))")
        }
        if !facts.isSuperuser, !facts.mayCreateSchemas {
            missing.append("GRANT CREATE ON DATABASE … TO \(quoted(facts.login))")
        }
        return missing.isEmpty
            ? make("rights", .ok, "\(facts.login) may migrate", "")
            : make("rights", .fail, "\(facts.login) may not migrate", missing.joined(separator: "; "))
    }

    private static func roles(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        let wanted = facts.roles.filter { programRoles.contains($0.name) }
        let absent = wanted.filter { !$0.exists }.map(\.name)
        guard absent.isEmpty else {
            return make("roles", .warn, "not there: \(absent.joined(separator: ", "))", "witan init")
        }
        let refused = wanted.filter { !$0.mayAct }.map(\.name)
        guard refused.isEmpty else {
            return make(
                "roles", .fail, "\(facts.login) may not act as \(refused.joined(separator: ", "))",
                "GRANT \(refused.joined(separator: ", ")) TO \(quoted(facts.login))")
        }
        return make("roles", .ok, "\(facts.login) acts as the least role for each task", "")
    }

    private static func tables(_ facts: ServerFacts, _ make: Make) -> CheckResult {
        facts.missingRights.isEmpty
            ? make("privileges", .ok, "each role has what it needs", "")
            : make(
                "privileges", .fail, "missing: \(facts.missingRights.joined(separator: ", "))",
                facts.missingRights.map { right in
                    let parts = right.split(separator: " ", maxSplits: 1)
                    return "GRANT \(parts.last ?? "") TO \(parts.first ?? "")"
                }.joined(separator: "; "))
    }

    private static func room(_ facts: ServerFacts, _ connections: Int, _ make: Make) -> CheckResult {
        let found = "this node opens up to \(connections) of \(facts.connectionsMax)"
        return connections <= Int(facts.connectionsMax) * 8 / 10
            ? make("connections", .ok, found, "")
            : make("connections", .warn, found, "raise max_connections or lower DATABASE_POOL_MAX")
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
