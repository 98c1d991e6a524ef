-- Back from 0006_projects: refuses when there are projects.
SELECT ops.require_empty('projects');
DROP TABLE projects.version_history, projects.project_policies, projects.policies, projects.baselines,
    projects.versions, projects.projects;
DROP FUNCTION projects.narrow_to_team(regclass);
DROP SCHEMA projects;
