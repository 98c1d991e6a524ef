-- Back from 0007_governance: refuses when anything is governed.
SELECT ops.require_empty('governance');
DROP TABLE governance.component_usage, governance.components, governance.project_rules, governance.rule_dependencies,
    governance.rules, governance.circuit_breakers, governance.kill_switches, governance.trust_indexes,
    governance.compliance_history, governance.compliance_data, governance.compliance_checks, governance.controls,
    governance.governance_models;
DROP FUNCTION governance.keep_compliance();
DROP SCHEMA governance;
DELETE FROM ops.snapshot_versions WHERE snapshot = 'governance';
