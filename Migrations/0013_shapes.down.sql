-- Back from 0013_shapes: views hold nothing.
DROP VIEW governance.latest_compliance_checks, governance.project_compliance_summary, audits.system_log,
    providers.cost_log, council.request_log, audits.statistics, audits.chained_log, audits.audit_logs,
    audits.governance_audit_log, auth.audit_logs;
DROP FUNCTION audits.uuid_after(text, text);
DROP FUNCTION audits.personal_state(uuid, json);
