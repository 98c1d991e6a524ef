-- Back from 0011_orchestrator: refuses when there are workflows.
SELECT ops.require_empty('orchestrator');
DROP FUNCTION orchestrator.claim_executions(uuid, integer, interval);
DROP FUNCTION orchestrator.take_timers(integer);
DROP FUNCTION orchestrator.search_workflows(text, integer);
DROP TABLE orchestrator.timers, orchestrator.execution_steps, orchestrator.executions,
    orchestrator.workflow_collaborators, orchestrator.workflow_versions, orchestrator.workflows;
DROP SCHEMA orchestrator;
