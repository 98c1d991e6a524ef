// SPDX-License-Identifier: Apache-2.0

extension CatalogQuery {
    /// Types, functions and what runs or holds by itself.
    static let routines = [types, domains, functions, triggers, eventTriggers, policies, rules]

    private static let types = """
        SELECT 'type', s.name, NULL, quote_ident(t.typname), ARRAY[
            'definition', CASE t.typtype
                WHEN 'e' THEN 'ENUM (' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                                           FROM pg_enum e WHERE e.enumtypid = t.oid) || ')'
                WHEN 'r' THEN 'RANGE (SUBTYPE = ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r
                                                      WHERE r.rngtypid = t.oid) || ')'
                ELSE '(' || (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod),
                                               ', ' ORDER BY a.attnum)
                             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped) || ')' END,
            \(owner("t.typowner")), \(comment("t.oid", "pg_type"))]
        FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE (t.typtype IN ('e', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
          AND (t.tableoid, t.oid) NOT IN (SELECT classid, objid FROM members)
        """

    private static let domains = """
        SELECT 'domain', s.name, NULL, quote_ident(t.typname), ARRAY[
            'definition', concat_ws(' ', format_type(t.typbasetype, t.typtypmod), 'DEFAULT ' || t.typdefault,
                CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                (SELECT string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ' '
                                   ORDER BY k.conname COLLATE "C")
                 FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')),
            \(owner("t.typowner")), \(comment("t.oid", "pg_type"))]
        FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
        WHERE t.typtype = 'd' AND (t.tableoid, t.oid) NOT IN (SELECT classid, objid FROM members)
        """

    /// The definition says language, security, settings (`search_path` among them) and body.
    private static let functions = """
        SELECT f.kind, f.schema, NULL, f.name, ARRAY[
            'definition', CASE WHEN f.kind <> 'aggregate' THEN pg_get_functiondef(f.oid) ELSE
                (SELECT format('STATE %s, TRANSITION %s', format_type(a.aggtranstype, NULL), a.aggtransfn)
                 FROM pg_aggregate a WHERE a.aggfnoid = f.oid) END,
            \(owner("f.proowner")), \(comment("f.oid", "pg_proc"))]
        FROM functions f
        """

    /// When a trigger or rule fires, from `tgenabled` and `ev_enabled`.
    private static func firing(_ column: String) -> String {
        "'fires', CASE \(column) WHEN 'D' THEN 'never' WHEN 'R' THEN 'on replicas only' WHEN 'A' THEN 'always' END"
    }

    private static let triggers = """
        SELECT 'trigger', r.schema, r.name, quote_ident(t.tgname), ARRAY[
            'definition', pg_get_triggerdef(t.oid), \(firing("t.tgenabled")), \(comment("t.oid", "pg_trigger"))]
        FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
        """

    private static let eventTriggers = """
        SELECT 'event trigger', '', NULL, quote_ident(e.evtname), ARRAY[
            'definition', format('ON %s%s EXECUTE FUNCTION %s.%s', e.evtevent,
                ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(g.tag), ', ')
                                     FROM unnest(e.evttags) AS g (tag)) || ')', f.schema, f.name),
            \(firing("e.evtenabled")), \(owner("e.evtowner"))]
        FROM pg_event_trigger e JOIN functions f ON f.oid = e.evtfoid
        """

    private static let policies = """
        SELECT 'policy', r.schema, r.name, quote_ident(p.polname), ARRAY[
            'as', CASE WHEN NOT p.polpermissive THEN 'RESTRICTIVE' END,
            'for', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                 WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'to', (SELECT string_agg(g.name, ', ' ORDER BY g.name COLLATE "C")
                   FROM unnest(p.polroles) AS m (role),
                   LATERAL (SELECT CASE m.role WHEN 0 THEN 'PUBLIC'
                                               ELSE quote_ident(pg_get_userbyid(m.role)) END AS name) AS g),
            'using', pg_get_expr(p.polqual, p.polrelid),
            'check', pg_get_expr(p.polwithcheck, p.polrelid),
            \(comment("p.oid", "pg_policy"))]
        FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
        """

    private static let rules = """
        SELECT 'rule', r.schema, r.name, quote_ident(w.rulename), ARRAY[
            'definition', pg_get_ruledef(w.oid), \(firing("w.ev_enabled")), \(comment("w.oid", "pg_rewrite"))]
        FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        """
}
