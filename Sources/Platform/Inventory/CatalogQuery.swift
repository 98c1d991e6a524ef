// SPDX-License-Identifier: Apache-2.0
import Postgres

/// The one query over the catalog, put together from a part for each kind of object. Each part gives the columns
/// `kind, schema, table, name, facts`, the facts as an array of names and values by turns. Owners, comments and the
/// like are facts; what is granted to others is an object of its own.
enum CatalogQuery {
    static func all(schemas: [String]?, excluding: [String]) -> SQL {
        let parts = [server] + relations + routines + grants + [partitions]
        return sources(schemas: schemas, excluding: excluding)
            + SQL(raw: "\n" + parts.joined(separator: "\nUNION ALL\n"))
    }

    /// What the parts read from: the schemas, what is no extension's in them, and the lists of privileges.
    private static func sources(schemas: [String]?, excluding: [String]) -> SQL {
        """
        WITH members AS MATERIALIZED (
            SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
        ), spaces AS MATERIALIZED (
            SELECT n.oid, quote_ident(n.nspname) AS name, n.nspowner, n.nspacl FROM pg_namespace n
            WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
              AND (\(schemas)::text[] IS NULL OR n.nspname = ANY (\(schemas)::text[]))
              AND n.nspname <> ALL (\(excluding))
        ), relations AS MATERIALIZED (
            SELECT c.oid, s.name AS schema, quote_ident(c.relname) AS name, c.relkind, c.relpersistence, c.relowner,
                   c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident
            FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND NOT c.relispartition
              AND (c.tableoid, c.oid) NOT IN (SELECT classid, objid FROM members)
        ), functions AS MATERIALIZED (
            SELECT p.oid, s.name AS schema,
                   quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
                   CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
                   p.proowner, p.proacl
            FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
            WHERE (p.tableoid, p.oid) NOT IN (SELECT classid, objid FROM members)
        ), granted AS MATERIALIZED (\(raw: granted))
        """
    }

    private static let server = """
        SELECT 'server' AS kind, '' AS schema, NULL AS table, '' AS name, ARRAY[
            'major', (current_setting('server_version_num')::integer / 10000)::text,
            'administrators', (SELECT string_agg(quote_ident(rolname), E'\\n') FROM pg_roles
                               WHERE rolsuper OR oid = (SELECT datdba FROM pg_database
                                                        WHERE datname = current_database()))] AS facts
        """

    /// The fact `owner` of an object.
    static func owner(_ column: String) -> String { "'owner', quote_ident(pg_get_userbyid(\(column)))" }

    /// The fact `comment` of an object: a third of what `obj_description`, which is a function in SQL, takes.
    static func comment(_ id: String, _ catalog: String, part: String = "0") -> String {
        """
        'comment', (SELECT e.description FROM pg_description e WHERE e.objoid = \(id)
                    AND e.classoid = '\(catalog)'::regclass AND e.objsubid = \(part))
        """
    }
}
