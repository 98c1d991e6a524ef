// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// Who sees what beyond the plain rule that a tenant sees its own.
@Suite struct IsolationTests {
    private func project(_ number: Int, team: String?) -> String {
        """
        INSERT INTO projects.projects (org_id, id, name, team_id)
        VALUES ('\(ID.acme)', '\(ID.row(number))', 'P\(number)', \(team.map { "'\($0)'" } ?? "NULL"));
        INSERT INTO projects.versions (org_id, id, project_id, tag)
        VALUES ('\(ID.acme)', '\(ID.row(100 + number))', '\(ID.row(number))', 'v1');
        """
    }

    @Test(
        "a team's project and what belongs to it is seen by that team and by who oversees all; unset shows neither",
        arguments: [(nil, "P1"), ("", "P1"), (ID.red, "P1 P2"), (ID.blue, "P1 P3"), ("*", "P1 P2 P3")])
    func teams(team: String?, seen: String) async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(project(1, team: nil) + project(2, team: ID.red) + project(3, team: ID.blue))
            let projects = try store.ask(
                team: team, "SELECT string_agg(name, ' ' ORDER BY name) FROM projects.projects")
            let versions = try store.ask(
                team: team, "SELECT 'P' || right(project_id::text, 1) FROM projects.versions ORDER BY 1")
            #expect(projects == seen)
            #expect(versions.split(separator: "\n").joined(separator: " ") == seen)
            #expect(try store.ask(of: ID.other, team: team, "SELECT count(*) FROM projects.projects") == "0")
        }
    }

    @Test("a project is given to no team but one's own")
    func teamWrites() async throws {
        try await withSchema { store in
            try store.settle()
            #expect(store.complaint(team: ID.red, project(1, team: ID.red)) == nil)
            #expect(store.complaint(team: ID.red, project(2, team: ID.blue))?.contains("row-level security") == true)
            #expect(store.complaint(project(2, team: ID.blue))?.contains("row-level security") == true)
            #expect(store.complaint(team: "*", project(2, team: ID.blue)) == nil)
            let theft = "UPDATE projects.projects SET team_id = '\(ID.blue)' WHERE id = '\(ID.row(1))'"
            #expect(store.complaint(team: ID.red, theft)?.contains("row-level security") == true)
        }
    }

    @Test("people of another organization cannot be named in a row")
    func strangers() async throws {
        try await withSchema { store in
            try store.settle()
            let invite = { (person: String) in
                """
                INSERT INTO auth.team_members (org_id, team_id, user_id)
                VALUES ('\(ID.acme)', '\(ID.red)', '\(person)')
                """
            }
            #expect(store.complaint(invite(ID.ann)) == nil)
            #expect(store.complaint(invite(ID.bob))?.contains("foreign key") == true)
        }
    }

    @Test("a person and what is the person's own are seen by their organizations only")
    func people() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(
                """
                INSERT INTO auth.password_resets (id, user_id, token_hash, expires_at) VALUES
                    ('\(ID.row(1))', '\(ID.ann)', sha256('a'), now() + interval '1 hour'),
                    ('\(ID.row(2))', '\(ID.bob)', sha256('b'), now() + interval '1 hour')
                """)
            for (organization, expected) in [(ID.acme, "Ann|1"), (ID.other, "Bob|1"), (nil, "|0"), ("", "|0")] {
                let seen = try store.ask(
                    of: organization,
                    "SELECT (SELECT string_agg(name, ' ') FROM auth.users), count(*) FROM auth.password_resets")
                #expect(seen == expected)
            }
            let theft = """
                INSERT INTO auth.password_resets (id, user_id, token_hash, expires_at)
                VALUES ('\(ID.row(3))', '\(ID.bob)', sha256('c'), now())
                """
            #expect(store.complaint(theft)?.contains("row-level security") == true)
            let found = try store.ask(of: nil, "SELECT user_id FROM auth.password_reset_by_token(sha256('b'))")
            #expect(found == ID.bob)
            #expect(try store.ask(of: nil, "SELECT slug FROM auth.organizations_of('\(ID.ann)')") == "acme")
            #expect(try store.ask(of: nil, "SELECT user_id FROM auth.account('Ann@Acme.Example')") == ID.ann)
            #expect(try store.ask(of: nil, "SELECT count(*) FROM auth.account('nobody@acme.example')") == "0")
        }
    }

    @Test("keys of an organization or a person that is retired leave the snapshot")
    func retirement() async throws {
        try await withSchema { store in
            try store.settle()
            try store.psql(
                """
                INSERT INTO auth.api_keys (org_id, id, name, role, key_hash, last_four, user_id) VALUES
                    ('\(ID.acme)', '\(ID.row(1))', 'Ann', 'viewer', sha256('1'), 'aaaa', '\(ID.ann)'),
                    ('\(ID.acme)', '\(ID.row(2))', 'Acme', 'viewer', sha256('2'), 'bbbb', NULL),
                    ('\(ID.other)', '\(ID.row(3))', 'Other', 'viewer', sha256('3'), 'cccc', NULL)
                """)
            let names = "SELECT string_agg(name, ' ' ORDER BY name) FROM auth.key_snapshot(0) WHERE is_live"
            #expect(try store.ask(of: nil, names) == "Acme Ann Other")
            let leave = "UPDATE auth.memberships SET retired_at = now() WHERE user_id = '\(ID.ann)'"
            #expect(store.complaint(leave)?.contains("last administrator") == true)
            try store.psql(
                """
                INSERT INTO auth.users (id, email, name) VALUES ('\(ID.row(4))', 'bob@acme.example', 'Bob');
                INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(ID.acme)', '\(ID.row(4))', 'admin')
                """)
            try store.ask(as: "witan_app", leave)
            #expect(try store.ask(of: nil, names) == "Acme Other")
            try store.ask(of: ID.other, "UPDATE auth.organizations SET retired_at = now()")
            #expect(try store.ask(of: nil, "SELECT count(*) FROM auth.organization_snapshot(0) WHERE is_live") == "1")
        }
    }

    @Test("two tenants may use the same names, and one tenant may not twice")
    func names() async throws {
        try await withSchema { store in
            try store.settle()
            let add = { (organization: String, number: Int) in
                """
                INSERT INTO projects.projects (org_id, id, name)
                VALUES ('\(organization)', '\(ID.row(number))', 'Apollo')
                """
            }
            #expect(store.complaint(add(ID.acme, 1)) == nil)
            #expect(store.complaint(of: ID.other, add(ID.other, 2)) == nil)
            #expect(store.complaint(add(ID.acme, 3))?.contains("projects_org_id_name_key") == true)
        }
    }

    @Test("the marketplace shows others what is public and no more, and never the table")
    func marketplace() async throws {
        try await withSchema { store in
            try store.settle()
            for (number, isPublic) in [(1, true), (2, false)] {
                try store.psql(
                    """
                    INSERT INTO orchestrator.workflows (org_id, id, name, definition, tags)
                    VALUES ('\(ID.acme)', '\(ID.row(number))', 'Sort letters \(number)', '{}', '{mail,inbox}');
                    INSERT INTO orchestrator.workflow_versions (org_id, id, workflow_id, version, definition)
                    VALUES ('\(ID.acme)', '\(ID.row(10 + number))', '\(ID.row(number))', '1', '{"steps":[]}');
                    INSERT INTO orchestrator.marketplace_items
                        (org_id, id, workflow_id, version_id, title, category, is_public)
                    VALUES ('\(ID.acme)', '\(ID.row(20 + number))', '\(ID.row(number))', '\(ID.row(10 + number))',
                        'Letters \(number)', 'mail', \(isPublic))
                    """)
            }
            let titles = "SELECT title FROM orchestrator.search_marketplace('letters', NULL, 10)"
            #expect(try store.ask(of: ID.other, titles) == "Letters 1")
            #expect(try store.ask(of: nil, titles) == "")
            #expect(try store.ask(of: ID.other, "SELECT count(*) FROM orchestrator.marketplace_items") == "0")
            let definition = "SELECT definition FROM orchestrator.marketplace_definition"
            #expect(try store.ask(of: ID.other, "\(definition)('\(ID.row(21))')") == #"{"steps": []}"#)
            #expect(try store.ask(of: ID.other, "\(definition)('\(ID.row(22))')") == "")
            let words = "SELECT count(*) FROM orchestrator.search_workflows('inbox', 10)"
            #expect(try store.ask(as: "witan_app", words) == "2")
            #expect(try store.ask(of: ID.other, words) == "0")
        }
    }

    @Test("temporary tables do not lead a function that runs as the owner astray")
    func temporary() async throws {
        try await withSchema { store in
            try store.settle()
            let forged = """
                CREATE TEMP TABLE pg_partitioned_table (partrelid oid, partstrat "char");
                CREATE TEMP TABLE pg_class (oid oid, relname name, relnamespace oid, relowner oid);
                SELECT ops.ensure_partitions(4);
                """
            let tables = try store.psql("SELECT count(*) FROM pg_partitioned_table")
            #expect(try store.ask(forged) == tables)
        }
    }
}
