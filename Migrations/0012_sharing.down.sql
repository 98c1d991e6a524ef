-- Back from 0012_sharing: refuses when anything is offered, rated or to be told.
SELECT ops.require_empty('orchestrator', ARRAY['marketplace_items', 'workflow_ratings', 'notifications']);
DROP FUNCTION orchestrator.claim_notifications(integer, interval);
DROP FUNCTION orchestrator.search_marketplace(text, text, integer);
DROP FUNCTION orchestrator.marketplace_definition(uuid);
DROP TABLE orchestrator.notifications, orchestrator.workflow_ratings, orchestrator.marketplace_items;
DROP POLICY search ON orchestrator.workflow_versions;
