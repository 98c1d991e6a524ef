# SPDX-License-Identifier: Apache-2.0
"""What keeps an installation running, with the real program: init, status, jobs, retention, seeds, checks, reset."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from harness import BINARY, ROOT, environment, free_port, wait_for


def run(*arguments, data=None, env=None, timeout=120):
    """One command on a data directory, without a server's address."""
    settings = {"WITAN_DATA_DIR": str(data)} if data else {}
    return subprocess.run(
        [str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        stdin=subprocess.DEVNULL, env=environment(settings | (env or {})))


@pytest.fixture
def data():
    """An empty data directory; its private servers end with each command."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="witan-ops-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def test_init_builds_the_schema_once_and_says_what_it_did(data):
    first = run("init", "--environment", "testing", "--json", data=data)
    assert first.returncode == 0, first.stderr
    steps = {step["step"]: step["result"] for step in json.loads(first.stdout)["steps"]}
    assert "migrations applied" in steps["schema"] and steps["environment"] == "testing"
    second = json.loads(run("init", "--json", data=data).stdout)
    assert {"step": "schema", "result": "up to date already"} in second["steps"]
    assert {"step": "environment", "result": "testing"} in second["steps"]


def test_init_on_an_address_where_nobody_answers_exits_10(data):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    answer = run("init", data=data, env={"DATABASE_URL": url})
    assert answer.returncode == 10 and "no connection to PostgreSQL" in answer.stderr


def test_reset_asks_for_confirmation_and_name_and_refuses_production(data):
    assert run("init", data=data).returncode == 0
    assert run("seed", "run", "--environment", "testing", data=data).returncode == 0
    assert run("reset", data=data).returncode == 2
    wrong = run("reset", "--confirm", "--name", "other", data=data)
    assert wrong.returncode == 2 and "Nothing was changed" in wrong.stderr
    unnamed = run("reset", "--confirm", data=data)
    assert unnamed.returncode == 2, unnamed.stderr
    assert json.loads(run("seed", "run", "--environment", "testing", "--json", data=data).stdout)["new"] == 0
    done = run("reset", "--confirm", "--name", "witan", data=data)
    assert done.returncode == 0 and "Dropped" in done.stdout, done.stderr
    assert json.loads(run("seed", "run", "--environment", "testing", "--json", data=data).stdout)["new"] > 0
    assert run("init", "--environment", "production", data=data).returncode == 0
    refused = run("reset", "--confirm", "--name", "witan", data=data)
    assert refused.returncode == 1 and "marked for production" in refused.stderr
    assert run("seed", "run", "--environment", "demo", data=data).returncode == 1


def test_seeds_are_idempotent_beside_a_server_and_the_log_verifies(new_witan):
    server = new_witan()
    first = json.loads(run("seed", "run", "--environment", "demo", "--json", data=server.data).stdout)
    again = json.loads(run("seed", "run", "--environment", "demo", "--json", data=server.data).stdout)
    assert first["new"] == first["rows"] > 2000 and again["new"] == 0
    key = (server.data / "seed-demo.key").read_text().strip()

    def verification():
        with server.http(key) as client:
            answer = client.get("/api/v1/audit-verification")
        return answer.json() if answer.status_code == 200 else None
    wait_for(verification, 10, "the seed's key")
    found = wait_for(lambda: (v := verification())["unsealed"] == 0 and v, 30, "a sealed log")
    assert found["intact"] is True and found["entries"] > 600

    def models():
        return {model["name"] for model in server.api("GET", "/api/v1/models", key=key)["data"]}
    # The node looks for new keys and for new models each by itself.
    wait_for(lambda: models() >= {"openai/gpt-4o", "openai/gpt-4o-mini", "backup/small-instruct"}, 10, "the models")
    assert server.chat("sandbox/echo", "Is anybody there?", key=key).status_code == 200

    cleaned = run("seed", "clean", "--confirm", data=server.data)
    assert cleaned.returncode == 0 and "northwind-clinic" in cleaned.stdout
    wait_for(lambda: verification() is None, 10, "the end of the key")
    assert run("seed", "clean", data=server.data).returncode == 2


def test_a_seed_before_the_first_start_does_not_stand_for_the_first_organization(new_witan):
    server = new_witan(start=False)
    early = run("seed", "run", "--environment", "testing", data=server.data)
    assert early.returncode == 3 and "witan init" in early.stderr
    assert run("init", data=server.data).returncode == 0
    before = json.loads(run("seed", "run", "--environment", "testing", "--json", data=server.data).stdout)
    assert before["new"] == before["rows"] and before["key"].startswith("none")
    server.start()
    assert server.chat().status_code == 200
    after = json.loads(run("seed", "run", "--environment", "testing", "--json", data=server.data).stdout)
    assert after["new"] == 0 and after["key"].endswith("seed-testing.key")


def test_status_shows_jobs_partitions_schema_and_what_is_degraded(new_witan):
    server = new_witan()

    def jobs():
        found = {job["job"]: job for job in server.api("GET", "/api/v1/status")["jobs"]}
        return len(found) >= 8 and all(job["last_result"] for job in found.values()) and found
    found = wait_for(jobs, 60, "the first run of every job")
    assert set(found) == {
        "partitions", "retention", "archives", "idempotency", "sessions", "single sign-on", "schema", "seals"}
    assert all(job["last_result"] == "done" for job in found.values()), found
    status = server.api("GET", "/api/v1/status")
    assert status["schema"]["pending"] == 0 and status["schema"]["head"].startswith("00")
    assert all(table["months_ahead"] == 3 for table in status["partitions"])
    assert status["database"]["version"].startswith("1") and status["database"]["standby"] is False
    assert status["audit"]["oldest_unsealed_seconds"] < 60
    shown = server.cli("status")
    assert shown.returncode == 0 and "retention" in shown.stdout and "MONTHS AHEAD" in shown.stdout
    tables = shown.stdout.partition("PARTITIONS OF")[2].partition("degraded")[0]
    assert all(len(line) <= 100 for line in tables.splitlines()), shown.stdout


def test_status_names_drift_and_missing_partitions(new_witan):
    server = new_witan()
    assert server.api("GET", "/readyz")["degraded"] == []

    def job(name):
        return {job["job"]: job for job in server.api("GET", "/api/v1/status")["jobs"]}.get(name, {})
    wait_for(lambda: job("schema").get("last_result") == "done", 60, "the check of the schema")
    server.execute("""
        ALTER TABLE auth.users ADD COLUMN forgotten text;
        UPDATE ops.jobs SET next_run_at = now() WHERE name = 'schema'""")
    wait_for(lambda: job("schema").get("last_result") == "failed", 60, "the drift")
    degraded = server.api("GET", "/api/v1/status")["degraded"]
    assert any("forgotten" in problem and "migrate verify" in problem for problem in degraded), degraded


def test_an_old_month_is_archived_dropped_and_signed_for_and_the_log_still_verifies(new_witan):
    server = new_witan()
    assert server.chat().status_code == 200
    # A month of two years ago, with an entry of then, as a server of then would have written it.
    server.execute("""
        SET ROLE witan_owner;
        CREATE TABLE audits.audit_log_2024_01 PARTITION OF audits.audit_log
            FOR VALUES FROM ('018cc251-f400-0000-0000-000000000000') TO ('018d61f7-1800-0000-0000-000000000000')""")
    assert server.cli("retention", "run", "--dry-run").returncode == 3
    before = server.verify_audit()
    started = server.cli("retention", "run")
    assert started.returncode == 0, started.stderr

    def archived():
        return server.api("GET", "/api/v1/status")["retention"]["archived_partitions"] == 1
    wait_for(archived, 60, "the archive")
    assert server.execute("SELECT to_regclass('audits.audit_log_2024_01')") == ""
    files = list((server.data / "archives").glob("*.archive"))
    assert len(files) == 1 and files[0].stat().st_mode & 0o077 == 0
    after = server.verify_audit()
    assert after["entries"] > before["entries"]
    entries = server.api("GET", "/api/v1/audit-entries?category=ops")["data"]
    assert any(entry["action"] == "partition.archived" for entry in entries)
    assert server.cli("retention", "run", "--dry-run").returncode == 0


def test_retention_policies_are_set_listed_and_removed(new_witan):
    server = new_witan()
    made = json.loads(server.cli(
        "retention", "set", "council.requests", "--duty", "privacy", "--content-days", 30, "--json").stdout)
    assert made["content_days"] == 30 and made["keep_days"] is None
    listed = json.loads(server.cli("retention", "list", "--json").stdout)["data"]
    assert {"council.requests": 30} == {row["table"]: row["content_days"] for row in listed if row["content_days"]}
    assert server.cli("retention", "set", "council.requests", "--duty", "x").returncode == 2
    refused = server.cli("retention", "set", "auth.users", "--duty", "x", "--keep-days", 5)
    assert refused.returncode == 1 and "table must be one of" in refused.stderr
    assert server.cli("retention", "remove", made["id"]).returncode == 0
    assert json.loads(server.cli("retention", "policies", "--json").stdout)["data"] == []
    viewer = server.new_key("viewer", role="viewer")["key"]
    assert server.cli("retention", "list", key=viewer).returncode == 1
    manager = server.new_key("manager", role="manager")["key"]
    assert server.cli("retention", "list", key=manager).returncode == 0
    assert server.cli("retention", "run", key=manager).returncode == 1


def test_db_test_and_report_work_beside_a_server(new_witan):
    server = new_witan()
    checks = run("db", "test", "--json", data=server.data)
    assert checks.returncode == 0, checks.stdout
    found = json.loads(checks.stdout)["checks"]
    assert {"version", "tls", "clock", "roles", "pooler", "privileges"} <= {check["check"] for check in found}
    assert all(check["result"] == "ok" for check in found), found
    report = json.loads(run("db", "report", "--json", data=server.data).stdout)
    assert report["size"] and report["cache"] and report["duplicate"] == []
    explained = run("db", "report", "--explain").stdout
    assert "pg_stat_user_tables" in explained
    server.execute("BEGIN; " + explained.replace("'\n", "' \n") + " ROLLBACK")
    server.execute("REVOKE witan_ingest FROM witan")
    broken = run("db", "test", data=server.data)
    assert broken.returncode == 1 and 'GRANT witan_ingest TO "witan"' in broken.stdout


def test_db_test_where_nobody_answers_exits_10(data):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    answer = run("db", "test", "--json", data=data, env={"DATABASE_URL": url})
    assert answer.returncode == 10, answer.stdout
    assert json.loads(answer.stdout)["checks"][0]["result"] == "fail"


def test_of_two_nodes_one_runs_the_jobs_and_the_other_takes_over(new_witan):
    first = new_witan()
    url = f"host={first.socket_directory} dbname=witan user=witan"
    direct = f"host={first.socket_directory} dbname=witan user=witan_root"
    second = new_witan(start=False, env={
        "DATABASE_URL": url, "DIRECT_URL": direct, "WITAN_MASTER_KEY_FILE": str(first.data / "master.key")})
    second.start()
    holder = "SELECT holder_name FROM ops.leases WHERE name = 'scheduler' AND expires_at > now()"
    mine = f"process {first.process.pid}"
    wait_for(lambda: mine in first.execute(holder), 30, "the first node's lease")
    assert int(first.execute("SELECT fence FROM ops.leases")) == 1
    # It hangs; its PostgreSQL does not.
    first.process.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: f"process {second.process.pid}" in first.execute(holder), 60, "the second node's lease")
        assert int(first.execute("SELECT fence FROM ops.leases")) == 2
    finally:
        first.process.send_signal(signal.SIGCONT)


@pytest.fixture
def pooler():
    """Starts a real pgbouncer in transaction mode before a server, told to ignore the start options; its address."""
    made = []

    def start(server):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pgb-"))
        folder.chmod(0o777)
        (folder / "ini").write_text(
            f"[databases]\nwitan = host={server.socket_directory} user=witan_root dbname=witan\n"
            f"[pgbouncer]\npool_mode = transaction\nlisten_addr =\nunix_socket_dir = {folder}\nlisten_port = 6432\n"
            f"auth_type = any\nlogfile = {folder}/log\nignore_startup_parameters = options,extra_float_digits\n")
        user = ["-u", "postgres"] if os.getuid() == 0 else []
        made.append((subprocess.Popen(["/usr/sbin/pgbouncer", "-q", *user, str(folder / "ini")]), folder))
        wait_for(lambda: (folder / ".s.PGSQL.6432").exists(), 10, "the pooler")
        return f"host={folder} port=6432 user=witan_root dbname=witan"
    yield start
    for process, folder in made:
        process.kill()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_pooler_that_drops_the_role_is_found_and_refused(new_witan, pooler):
    server = new_witan()
    direct = f"host={server.socket_directory} dbname=witan user=witan_root"
    settings = {
        "DATABASE_URL": pooler(server), "DIRECT_URL": direct, "WITAN_PREPARED_STATEMENTS": "false",
        "WITAN_MASTER_KEY_FILE": str(server.data / "master.key")}
    checks = json.loads(run("db", "test", "--json", env=settings).stdout)["checks"]
    found = {check["store"]: check["result"] for check in checks if check["check"] == "pooler"}
    assert found == {"DATABASE_URL": "fail", "DIRECT_URL": "ok"}
    second = new_witan(start=False, env=settings).launch()
    assert second.process.wait(60) == 1
    assert "organizations would not be kept apart" in second.tail()
    assert server.chat().status_code == 200


def test_compose_file_is_what_compose_reads():
    """Against the Compose Specification's own schema; docker's plugin is not everywhere."""
    checker = pathlib.Path(shutil.which("check-jsonschema") or ROOT / ".venv/bin/check-jsonschema")
    answer = subprocess.run(
        [str(checker), "--builtin-schema", "vendor.compose-spec", str(ROOT / "compose.yaml")],
        capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    text = (ROOT / "compose.yaml").read_text()
    for service in ("postgres:", "redis:", "elasticsearch:", "witan:"):
        assert f"\n  {service}\n" in text
    broken = text.replace("services:", "servicez:")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as copy:
        copy.write(broken)
        copy.flush()
        refused = subprocess.run(
            [str(checker), "--builtin-schema", "vendor.compose-spec", copy.name], capture_output=True, timeout=60)
    assert refused.returncode == 1
