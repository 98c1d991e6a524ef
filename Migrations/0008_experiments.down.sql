-- Back from 0008_experiments: refuses when anything was tried.
SELECT ops.require_empty('experiments_v1');
DROP TABLE experiments_v1.comparison_reports, experiments_v1.blacklist, experiments_v1.promotions,
    experiments_v1.evaluations, experiments_v1.experiments;
DROP SCHEMA experiments_v1;
