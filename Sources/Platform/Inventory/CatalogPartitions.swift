// SPDX-License-Identifier: Apache-2.0

extension CatalogQuery {
    /// Every partition, with its bound and with what is not as in its parent; most have nothing but the bound.
    static let partitions = """
        SELECT 'partition', p.schema, p.parent, p.name, ARRAY[
            'strategy', p.partstrat::text,
            'bound', pg_get_expr(p.relpartbound, p.oid),
            'kind', CASE p.relkind WHEN 'r' THEN NULL WHEN 'p' THEN 'partitioned' ELSE 'foreign' END,
            'state', CASE WHEN p.inhdetachpending THEN 'detach pending' END,
            'owner', CASE WHEN p.relowner <> p.parent_owner THEN quote_ident(pg_get_userbyid(p.relowner)) END,
            'persistence', CASE p.relpersistence WHEN 'u' THEN 'unlogged' END,
            'row security', CASE WHEN (p.relrowsecurity, p.relforcerowsecurity) <> (p.any_enabled, p.any_forced)
                                   OR p.relrowsecurity <> p.relforcerowsecurity
                THEN concat_ws(', ', CASE WHEN p.relrowsecurity THEN 'enabled' ELSE 'not enabled' END,
                               CASE WHEN p.relforcerowsecurity THEN 'forced' ELSE 'not forced' END) END,
            'grants', (SELECT string_agg(x.privilege_type || ' TO ' || \(grantee), ', '
                                         ORDER BY x.privilege_type COLLATE "C", x.grantee)
                       FROM (SELECT p.relacl AS acl
                             UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = p.oid) AS l,
                             aclexplode(l.acl) AS x WHERE x.grantee <> p.relowner),
            'policies', (SELECT string_agg(quote_ident(y.polname), ', ' ORDER BY y.polname COLLATE "C")
                         FROM pg_policy y WHERE y.polrelid = p.oid),
            'triggers', \(partitionTriggers), 'constraints', \(partitionConstraints), 'indexes', \(partitionIndexes),
            'columns', \(partitionColumns)]
        FROM (
            SELECT c.oid, r.schema, r.name AS parent, r.oid AS parent_oid, r.relowner AS parent_owner,
                   CASE WHEN c.relnamespace = q.relnamespace THEN '' ELSE quote_ident(n.nspname) || '.' END
                       || quote_ident(c.relname) AS name,
                   k.partstrat, c.relpartbound, c.relkind, h.inhdetachpending, c.relowner, c.relpersistence, c.relacl,
                   c.relrowsecurity, c.relforcerowsecurity, bool_or(c.relrowsecurity) OVER siblings AS any_enabled,
                   bool_or(c.relforcerowsecurity) OVER siblings AS any_forced
            FROM pg_inherits h JOIN relations r ON r.oid = h.inhparent AND r.relkind = 'p'
            JOIN pg_partitioned_table k ON k.partrelid = r.oid JOIN pg_class q ON q.oid = r.oid
            JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WINDOW siblings AS (PARTITION BY r.oid)
        ) AS p
        """

    /// Triggers of statements are not passed on to partitions, so that each needs its own against TRUNCATE: one like
    /// its parent's is as it should be, and one that is not there is not.
    private static let partitionTriggers = """
        nullif(concat_ws(', ', (
            SELECT string_agg(quote_ident(t.tgname) || CASE WHEN t.tgparentid = 0 THEN ' of its own'
                              ELSE CASE t.tgenabled WHEN 'D' THEN ' never fires' WHEN 'R' THEN ' fires on replicas only'
                                   WHEN 'A' THEN ' fires always' ELSE ' fires' END END, ', '
                              ORDER BY t.tgname COLLATE "C")
            FROM pg_trigger t LEFT JOIN pg_trigger o ON o.oid = t.tgparentid
            WHERE t.tgrelid = p.oid AND (t.tgparentid = 0 AND NOT t.tgisinternal AND NOT EXISTS (
                    SELECT FROM pg_trigger o WHERE o.tgrelid = p.parent_oid AND \(isAlike))
                OR t.tgenabled <> o.tgenabled)
        ), (
            SELECT string_agg(quote_ident(o.tgname) || ' missing', ', ' ORDER BY o.tgname COLLATE "C")
            FROM pg_trigger o WHERE o.tgrelid = p.parent_oid AND o.tgtype & 32 <> 0
              AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = p.oid AND \(isAlike))
        )), '')
        """

    /// Of a trigger `o` of the parent and one, `t`, of the partition, both of statements.
    private static let isAlike = """
        (o.tgname, o.tgtype, o.tgfoid, o.tgenabled, o.tgargs) = (t.tgname, t.tgtype, t.tgfoid, t.tgenabled, t.tgargs)
        AND t.tgtype & 1 = 0
        """

    private static let partitionConstraints = """
        (SELECT string_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), ', '
                           ORDER BY k.conname COLLATE "C")
         FROM pg_constraint k WHERE k.conrelid = p.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')
           AND k.conparentid = 0 AND k.coninhcount = 0)
        """

    private static let partitionIndexes = """
        (SELECT string_agg(quote_ident(x.relname) || CASE WHEN i.indisvalid THEN ' of its own' ELSE ' invalid' END, ', '
                           ORDER BY x.relname COLLATE "C")
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = p.oid
           AND (NOT i.indisvalid OR NOT x.relispartition
                AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.conrelid = p.oid)))
        """

    private static let partitionColumns = """
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
         FROM pg_attribute a JOIN pg_attribute b ON b.attrelid = p.parent_oid AND b.attname = a.attname
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         LEFT JOIN pg_attrdef e ON e.adrelid = b.attrelid AND e.adnum = b.attnum
         WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND (a.attnotnull <> b.attnotnull
                OR pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM pg_get_expr(e.adbin, e.adrelid)))
        """
}
