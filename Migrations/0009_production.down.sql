-- Back from 0009_production: refuses when anything was analysed.
SELECT ops.require_empty('production');
DROP FUNCTION production.claim_tasks(uuid, integer, interval);
DROP TABLE production.code_review_results, production.artifacts, production.analysis_tasks,
    production.analysis_sessions;
DROP SCHEMA production;
