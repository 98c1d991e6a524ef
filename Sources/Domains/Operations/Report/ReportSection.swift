// SPDX-License-Identifier: Apache-2.0

/// One question about the health of a database, with the query that answers it.
package struct ReportSection: Sendable {
    /// One word.
    package let name: String
    /// What it shows, in a sentence.
    package let title: String
    /// Columns of the answer, in order.
    package let columns: [String]
    /// A SELECT without parameters; a column `hint` says what to do.
    package let query: String

    init(_ name: String, _ title: String, columns: [String], _ query: String) {
        self.name = name
        self.title = title
        self.columns = columns
        self.query = query
    }

    /// Every section, in the order people should read them. None needs an extension.
    package static let all: [ReportSection] = [
        ReportSection(
            "vacuum", "Tables that want VACUUM or ANALYZE", columns: ["table", "live", "dead", "changed", "hint"],
            """
            SELECT * FROM (
                SELECT schemaname || '.' || relname AS "table", n_live_tup AS live, n_dead_tup AS dead,
                    n_mod_since_analyze AS changed,
                    CASE WHEN n_dead_tup > 10000 AND n_dead_tup > n_live_tup / 5
                            THEN format('VACUUM (ANALYZE) %I.%I', schemaname, relname)
                         WHEN n_mod_since_analyze > 10000 AND n_mod_since_analyze > n_live_tup / 10
                            OR n_live_tup > 10000 AND last_analyze IS NULL AND last_autoanalyze IS NULL
                            THEN format('ANALYZE %I.%I', schemaname, relname) END AS hint
                FROM pg_stat_user_tables) t
            WHERE hint IS NOT NULL ORDER BY dead DESC, changed DESC LIMIT 20
            """),
        ReportSection(
            "freeze", "Age of transaction ids; at two thousand million the server stops taking writes",
            columns: ["table", "xid_age", "hint"],
            """
            SELECT n.nspname || '.' || c.relname AS "table", age(c.relfrozenxid) AS xid_age,
                CASE WHEN age(c.relfrozenxid) > 1000000000 THEN format('VACUUM (FREEZE) %I.%I', n.nspname, c.relname)
                     ELSE 'none' END AS hint
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            ORDER BY 2 DESC LIMIT 3
            """),
        ReportSection(
            "bloat", "B-tree indexes that are larger than their entries need, estimated from statistics",
            columns: ["index", "bytes", "expected", "hint"],
            """
            SELECT * FROM (
                SELECT n.nspname || '.' || i.relname AS "index", pg_relation_size(i.oid) AS bytes,
                    round(ceil(i.reltuples * (12 + coalesce(w.width, 8)) / 0.9 / 8100 + 1) * 8192)::bigint AS expected,
                    format('REINDEX INDEX CONCURRENTLY %I.%I', n.nspname, i.relname) AS hint
                FROM pg_index x
                JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i'
                JOIN pg_am a ON a.oid = i.relam AND a.amname = 'btree'
                JOIN pg_namespace n ON n.oid = i.relnamespace AND n.nspname !~ '^pg_'
                JOIN pg_class t ON t.oid = x.indrelid
                LEFT JOIN LATERAL (
                    SELECT sum(coalesce(s.avg_width, 8))::float8 AS width
                    FROM pg_attribute k LEFT JOIN pg_stats s
                        ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = k.attname
                    WHERE k.attrelid = t.oid AND k.attnum = ANY (x.indkey::int2[])) w ON true
                WHERE i.reltuples > 0 AND x.indexprs IS NULL) e
            WHERE bytes > 1048576 AND bytes > expected * 2 ORDER BY bytes - expected DESC LIMIT 20
            """),
        ReportSection(
            "unused", "Indexes that nothing has read since the statistics began, keys and unique ones left out",
            columns: ["index", "table", "bytes", "hint"],
            """
            SELECT s.schemaname || '.' || s.indexrelname AS "index", s.relname AS "table",
                pg_relation_size(s.indexrelid) AS bytes,
                'watch on every replica for a month before DROP INDEX CONCURRENTLY' AS hint
            FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
            WHERE s.idx_scan = 0 AND NOT i.indisunique AND pg_relation_size(s.indexrelid) > 1048576
            ORDER BY 3 DESC LIMIT 20
            """),
        ReportSection(
            "duplicate", "Indexes with the same columns, order and condition as another one",
            columns: ["table", "indexes", "bytes", "hint"],
            """
            SELECT indrelid::regclass::text AS "table", string_agg(indexrelid::regclass::text, ', ') AS indexes,
                sum(pg_relation_size(indexrelid))::bigint AS bytes,
                'keep the one that is a constraint or the older one' AS hint
            FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_stat_user_tables)
            GROUP BY indrelid, indkey::text, indclass::text, indoption::text,
                coalesce(pg_get_expr(indexprs, indrelid), ''), coalesce(pg_get_expr(indpred, indrelid), '')
            HAVING count(*) > 1 ORDER BY 3 DESC LIMIT 20
            """),
        ReportSection(
            "size", "The largest tables and partitions, with their indexes",
            columns: ["table", "rows", "bytes", "indexes"],
            """
            SELECT n.nspname || '.' || c.relname AS "table", greatest(c.reltuples, 0)::bigint AS rows,
                pg_total_relation_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS indexes
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            ORDER BY 3 DESC LIMIT 10
            """),
        ReportSection(
            "cache", "How much was found in memory; below 0.99 on a busy server more shared_buffers may help",
            columns: ["database", "reads", "hits", "ratio", "hint"],
            """
            SELECT datname AS database, blks_read AS reads, blks_hit AS hits,
                round(blks_hit::numeric / nullif(blks_hit + blks_read, 0), 4) AS ratio,
                CASE WHEN blks_hit + blks_read > 1000000 AND blks_hit < 0.95 * (blks_hit + blks_read)
                    THEN 'raise shared_buffers, or look for scans of whole tables' ELSE 'none' END AS hint
            FROM pg_stat_database WHERE datname = current_database()
            """),
    ]
}
