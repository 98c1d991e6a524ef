// SPDX-License-Identifier: Apache-2.0

extension CatalogQuery {
    /// Who may do what: an object for everything granted and everybody it is granted to, except owners.
    static let grants = [grantsOnObjects, grantsToCome, roles]

    /// Privileges of one grantee, from rows of `aclexplode` named `x`.
    private static let privileges = """
        string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
                   ORDER BY x.privilege_type COLLATE "C")
        """

    static let grantee = "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END"

    /// What has no list of privileges has PostgreSQL's default one, which lets everybody run a function.
    static let granted = """
        SELECT s.name AS schema, NULL AS target, 'SCHEMA' AS class, '' AS part, s.nspowner AS owner,
               coalesce(s.nspacl, acldefault('n', s.nspowner)) AS acl FROM spaces s
        UNION ALL
        SELECT r.schema, r.name, CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, '', r.relowner, r.relacl
        FROM relations r
        UNION ALL
        SELECT r.schema, r.name, 'COLUMN', '(' || quote_ident(a.attname) || ') ', r.relowner, a.attacl
        FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
        UNION ALL
        SELECT f.schema, f.name, CASE f.kind WHEN 'procedure' THEN 'PROCEDURE' ELSE 'FUNCTION' END, '', f.proowner,
               coalesce(f.proacl, acldefault('f', f.proowner)) FROM functions f
        """

    private static let grantsOnObjects = """
        SELECT 'grant', g.schema, g.target, g.part || 'TO ' || \(grantee),
               ARRAY['on', g.class, 'privileges', \(privileges)]
        FROM granted g, aclexplode(g.acl) AS x WHERE x.grantee <> g.owner
        GROUP BY g.schema, g.target, g.class, g.part, x.grantee
        """

    private static let grantsToCome = """
        SELECT 'default grant', coalesce(s.name, ''), NULL, format('FOR %I ON %s TO %s', pg_get_userbyid(d.defaclrole),
            CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                 WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, \(grantee)),
            ARRAY['privileges', \(privileges)]
        FROM pg_default_acl d LEFT JOIN spaces s ON s.oid = d.defaclnamespace, aclexplode(d.defaclacl) AS x
        WHERE (d.defaclnamespace = 0 OR s.oid IS NOT NULL) AND x.grantee <> d.defaclrole
        GROUP BY s.name, d.defaclrole, d.defaclobjtype, x.grantee
        """

    /// Grants mean little when who has them may do everything anyway.
    private static let roles = """
        SELECT 'role', '', NULL, quote_ident(o.rolname), ARRAY[
            'attributes', concat_ws(', ', CASE WHEN o.rolsuper THEN 'SUPERUSER' END,
                CASE WHEN o.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN o.rolcreaterole THEN 'CREATEROLE' END,
                CASE WHEN o.rolcreatedb THEN 'CREATEDB' END, CASE WHEN o.rolreplication THEN 'REPLICATION' END),
            'member of', (SELECT string_agg(quote_ident(pg_get_userbyid(m.roleid)), ', '
                                            ORDER BY pg_get_userbyid(m.roleid) COLLATE "C")
                          FROM pg_auth_members m WHERE m.member = o.oid)]
        FROM pg_roles o
        WHERE o.oid >= 16384
            AND o.oid IN (SELECT x.grantee FROM granted g, aclexplode(g.acl) AS x WHERE x.grantee <> g.owner)
        """
}
