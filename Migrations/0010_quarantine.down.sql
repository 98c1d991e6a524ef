-- Back from 0010_quarantine: refuses when anything is in quarantine.
SELECT ops.require_empty('quarantine');
DROP FUNCTION quarantine.admit(uuid, uuid, bytea, jsonb, text, jsonb, jsonb, uuid);
DROP FUNCTION quarantine.review(uuid, text, uuid, text);
DROP VIEW quarantine.statistics;
DROP TABLE quarantine.reevaluation_requests, quarantine.quarantine_records;
DROP SCHEMA quarantine;
