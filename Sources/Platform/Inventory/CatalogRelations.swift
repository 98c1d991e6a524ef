// SPDX-License-Identifier: Apache-2.0

extension CatalogQuery {
    /// Schemas, tables, views and what belongs to them.
    static let relations = [schemas, tables, columns, views, constraints, indexes, sequences, statistics]

    private static let schemas = """
        SELECT 'schema', s.name, NULL, '', ARRAY[\(owner("s.nspowner")), \(comment("s.oid", "pg_namespace"))]
        FROM spaces s
        """

    private static let tables = """
        SELECT 'table', r.schema, NULL, r.name, ARRAY[
            'columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
            'persistence', CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
            'foreign', CASE r.relkind WHEN 'f' THEN 'yes' END,
            'row security', CASE WHEN r.relrowsecurity AND r.relforcerowsecurity THEN 'forced'
                                 WHEN r.relrowsecurity THEN 'enabled'
                                 WHEN r.relforcerowsecurity THEN 'forced but not enabled' END,
            'partition key', pg_get_partkeydef(r.oid),
            'inherits', (SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) FROM pg_inherits h
                         WHERE h.inhrelid = r.oid),
            'replica identity', CASE r.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing'
                                                    WHEN 'i' THEN 'index' END,
            'options', array_to_string(r.reloptions, ', '),
            \(owner("r.relowner")), \(comment("r.oid", "pg_class"))]
        FROM relations r WHERE r.relkind IN ('r', 'p', 'f')
        """

    /// Options of an attribute are left out: Debian's PostgreSQL 15 stamps every column with one of its own.
    private static let columns = """
        SELECT 'column', r.schema, r.name, quote_ident(a.attname), ARRAY[
            'type', format_type(a.atttypid, a.atttypmod),
            'null', CASE WHEN a.attnotnull THEN 'refused' END,
            'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
            'generated', CASE a.attgenerated WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
                                             WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL' END,
            'identity', CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
            'collation', CASE WHEN a.attcollation <> t.typcollation THEN
                (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname)
                 FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation) END,
            'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
                                  ELSE 'EXTENDED' END END,
            'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
            \(comment("a.attrelid", "pg_class", part: "a.attnum"))]
        FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
        """

    private static let views = """
        SELECT CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, r.schema, NULL, r.name, ARRAY[
            'definition', pg_get_viewdef(r.oid),
            'columns', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
            'options', array_to_string(r.reloptions, ', '),
            \(owner("r.relowner")), \(comment("r.oid", "pg_class"))]
        FROM relations r WHERE r.relkind IN ('v', 'm')
        """

    /// PostgreSQL 18 keeps NOT NULL as constraints too; here it is a fact of the column on all versions. A constraint
    /// of a partition is its parent's. The triggers behind a foreign key can be disabled without a trace in `\\d`.
    private static let constraints = """
        SELECT 'constraint', r.schema, r.name, quote_ident(k.conname), ARRAY[
            'definition', pg_get_constraintdef(k.oid),
            'index', CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'invalid' END,
            'triggers', CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgenabled <> 'O')
                        THEN 'disabled' END,
            \(comment("k.oid", "pg_constraint"))]
        FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
        LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
        WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
        """

    /// The index of a constraint is in the constraint.
    private static let indexes = """
        SELECT 'index', r.schema, r.name, quote_ident(x.relname), ARRAY[
            'definition', pg_get_indexdef(i.indexrelid),
            'state', CASE WHEN NOT i.indisvalid THEN 'invalid'
                          WHEN NOT (i.indisready AND i.indislive) THEN 'not ready' END,
            'clustered', CASE WHEN i.indisclustered THEN 'yes' END,
            'replica identity', CASE WHEN i.indisreplident THEN 'yes' END,
            \(comment("i.indexrelid", "pg_class"))]
        FROM pg_index i JOIN relations r ON r.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indexrelid NOT IN (SELECT k.conindid FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x'))
        """

    /// The sequence of an identity column is in the column.
    private static let sequences = """
        SELECT 'sequence', r.schema, NULL, r.name, ARRAY[
            'definition', format('AS %s START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', q.seqtypid::regtype,
                q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END),
            'owned by', (SELECT d.refobjid::regclass || '.' || quote_ident(a.attname)
                         FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                         WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'a'
                           AND d.refclassid = 'pg_class'::regclass),
            \(owner("r.relowner")), \(comment("r.oid", "pg_class"))]
        FROM pg_sequence q JOIN relations r ON r.oid = q.seqrelid
        WHERE NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'i')
        """

    private static let statistics = """
        SELECT 'statistics', r.schema, r.name, quote_ident(x.stxname), ARRAY[
            'definition', pg_get_statisticsobjdef(x.oid), \(owner("x.stxowner")),
            \(comment("x.oid", "pg_statistic_ext"))]
        FROM pg_statistic_ext x JOIN relations r ON r.oid = x.stxrelid
        """
}
