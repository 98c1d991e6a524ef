# SPDX-License-Identifier: Apache-2.0
"""`witan migrate`, as it is typed: exit codes, what it prints, and what it leaves."""

import concurrent.futures
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

from harness import BINARY, environment, free_port, wait_for

COMMANDS = ("up", "status", "history", "plan", "verify", "rollback", "baseline", "repair", "lint")


class Database:
    """A database of its own in the shared server's cluster, and `witan migrate` on it."""

    count = 0

    def __init__(self, cluster, redis):
        Database.count += 1
        self.name = f"migrate_{os.getpid()}_{Database.count}"
        self.socket = cluster.socket_directory
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="witan-migrate-"))
        self.settings = {"DATABASE_URL": self.url(), "REDIS_URL": redis}
        self.psql(f"CREATE DATABASE {self.name}", "postgres")

    def url(self, name=None):
        return f"host={self.socket} user=witan_root dbname={name or self.name}"

    def psql(self, sql, database=None):
        run = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql], capture_output=True,
            text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def command(self, *words, **settings):
        directory = tempfile.mkdtemp(dir=self.home)
        env = environment({"WITAN_DATA_DIR": directory} | self.settings | settings)
        return [str(BINARY), "migrate", *map(str, words)], env

    def migrate(self, *words, code=0, **settings):
        """Runs it, checks the exit code, and returns what it printed; parsed when that is JSON."""
        command, env = self.command(*words, **settings)
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
        assert run.returncode == code, f"{run.returncode}: {run.stdout}{run.stderr}"
        if "--json" in words:
            return json.loads(run.stdout)
        return run.stdout + run.stderr

    def remove(self):
        self.psql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", "postgres")
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    """A Redis that may be emptied; called with the words of a command."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
         str(tmp_path_factory.mktemp("redis"))], stdout=subprocess.DEVNULL)

    def command(*words):
        run = subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True, timeout=10)
        return run.stdout.strip()
    wait_for(lambda: command("PING") == "PONG", what="Redis")
    command.url = f"redis://127.0.0.1:{port}"
    yield command
    process.kill()
    process.wait(10)


@pytest.fixture
def database(shared_witan, redis):
    database = Database(shared_witan, redis.url)
    yield database
    database.remove()


def states(database, code=0):
    found = database.migrate("status", "--json", code=code)["migrations"]
    return {item["name"]: item["state"] for item in found if item["store"] == "postgresql"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    run = subprocess.run([str(BINARY), "migrate", command, "--help"], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0 and f"witan migrate {command}" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 100


def test_a_schema_comes_to_be(database):
    assert set(states(database, code=3).values()) == {"pending"}
    plan = database.migrate("plan", "--json", code=3)
    tried = [step["name"] for step in plan["steps"] if step["store"] == "postgresql"]
    assert plan["sound"] and {step["outcome"] for step in plan["steps"] if step["name"] in tried} == {"tried"}
    assert database.psql("SELECT count(*) FROM pg_namespace WHERE nspname IN ('ops', 'auth')") == "0"
    applied = database.migrate("up", "--json")["applied"]
    assert [item["name"] for item in applied] == sorted([*tried, "0015_keys"])
    assert "Nothing to do" in database.migrate("up")
    assert set(states(database).values()) == {"applied"}
    assert "agree" in database.migrate("verify")
    assert database.migrate("verify", "--json")["verified"]
    table = database.migrate("status").splitlines()
    assert table[0].split() == ["ID", "MIGRATION", "STORE", "STATE", "NOTE"] and max(map(len, table)) <= 100
    assert "witan_root" == database.psql("SELECT DISTINCT login FROM ops._migration_history")
    assert "@" in database.psql("SELECT DISTINCT actor FROM ops._migration_history")
    found = database.migrate("history", "--json")
    assert found["intact"] and not found["broken"]
    assert [row["number"] for row in found["data"]] == list(range(1, len(found["data"]) + 1))
    assert all(row["previous_hash"] == before["hash"] for before, row in zip(found["data"], found["data"][1:]))
    assert found["data"][0]["name"] == "0001_foundation" and found["data"][0]["event"] == "applied"
    assert "0001_foundation" in database.migrate("history")


def test_drift_is_named_and_can_be_accepted(database):
    database.migrate("up")
    database.psql("ALTER TABLE audits.audit_log DISABLE TRIGGER ALL; CREATE TABLE auth.extra ()")
    shown = database.migrate("verify", code=4)
    assert "trigger audits.audit_log." in shown and "table auth.extra is not expected" in shown
    assert len(database.migrate("verify", "--json", code=4)["differences"]) >= 2
    database.migrate("repair", "--accept-drift", code=2)
    database.migrate("repair", "--accept-drift", "--reason", " ", code=2)
    database.migrate("repair", "--reason", "why", code=2)
    accepted = database.migrate("repair", "--accept-drift", "--reason", "an experiment", "--json")
    assert "table auth.extra is not expected" in accepted["accepted"]
    database.migrate("verify")
    assert "nothing to accept" in database.migrate("repair", "--accept-drift", "--reason", "again", code=1)
    row = database.psql("SELECT event, reason FROM ops._migration_history ORDER BY sequence DESC LIMIT 1")
    assert row == "drift_accepted|an experiment"


def test_a_tampered_history_is_noticed(database):
    database.migrate("up")
    refused = subprocess.run(
        ["psql", "-XAtq", "-d", database.url(), "-c", "DELETE FROM ops._migration_history"], capture_output=True,
        text=True, timeout=30)
    assert refused.returncode != 0 and "only ever added to" in refused.stderr
    database.psql(
        "ALTER TABLE ops._migration_history DISABLE TRIGGER ALL;"
        "UPDATE ops._migration_history SET actor = 'nobody' WHERE sequence = 2;"
        "ALTER TABLE ops._migration_history ENABLE TRIGGER ALL")
    assert "row 2 of ops._migration_history" in database.migrate("verify", code=5)
    found = database.migrate("history", "--json", code=5)
    assert not found["intact"] and "row 2 of" in found["broken"][0]
    assert found["data"][1]["actor"] == "nobody"


def test_what_cannot_be_taken_back_says_why(database):
    assert "no history" in database.migrate("rollback", 1, code=1)
    database.migrate("up")
    assert "before" in database.migrate("rollback", 1, code=1)
    assert "There is no migration 999" in database.migrate("rollback", 999, code=1)
    database.migrate("rollback", "x", code=2)
    database.migrate("rollback", code=2)
    assert set(states(database).values()) == {"applied"}


def test_the_last_migration_is_taken_back_and_applied_again(database):
    database.migrate("up")
    last = [name for name in states(database)][-1]
    before = database.psql("SELECT fingerprint FROM ops._migration_history WHERE name = '%s'" % last)
    number = int(last.split("_")[0])
    command, env = database.command("rollback", number)
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    if run.returncode == 1 and "cannot be taken back" in run.stderr:
        assert states(database)[last] == "applied"
        return
    assert run.returncode == 0, run.stderr
    assert states(database, code=3)[last] == "pending"
    database.migrate("up")
    database.migrate("verify")
    assert database.psql("SELECT fingerprint FROM ops._migration_history ORDER BY sequence DESC LIMIT 1") == before


def test_a_newer_database_is_refused(database):
    database.migrate("up")
    database.psql(
        "INSERT INTO ops._migration_history (sequence, event, step, name, kind, algorithm, checksum, raw_checksum, actor,"
        " login, program_version, server_version, occurred_at, duration_ms, previous_hash, hash)"
        " SELECT max(sequence) + 1, 'applied', 999, '0999_future', 'sql', 'x', 'x', 'x', '', '', '9', 150000, now(), 0,"
        " 'a', 'b' FROM ops._migration_history")
    assert "0999_future" in database.migrate("up", code=9)
    database.migrate("status", code=9)
    database.migrate("verify", code=9)


def test_somebody_elses_schemas_are_left_alone(database):
    database.psql("CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid)")
    shown = database.migrate("up", code=1)
    assert "The schema auth exists" in shown and "ALTER SCHEMA auth RENAME TO" in shown
    database.migrate("plan", code=1)
    assert database.psql("SELECT count(*) FROM pg_namespace WHERE nspname IN ('ops', 'providers')") == "0"


def test_a_schema_without_a_history_is_adopted(database):
    database.migrate("up")
    last = int([name for name in states(database)][-1].split("_")[0])
    database.psql(
        "DROP TABLE ops._migration_history, ops._migration_progress, ops._migration_inventories;"
        "DROP FUNCTION ops._migration_history_refuse()")
    assert "baseline" in database.migrate("up", code=1)
    database.psql("CREATE TABLE auth.extra ()")
    assert "auth.extra is not expected" in database.migrate("baseline", last, code=4)
    database.psql("DROP TABLE auth.extra")
    adopted = database.migrate("baseline", last, "--json")
    assert adopted == {"adopted_up_to": last, "compared": True, "differences": []}
    database.migrate("up")
    database.migrate("verify")
    assert "for one without" in database.migrate("baseline", last, code=1)
    assert database.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'migrate_scratch%'") == "0"


def test_a_server_that_is_not_there(database, tmp_path):
    for url in ("postgresql://127.0.0.1:1/x", f"host={tmp_path} dbname=x", database.url("nowhere")):
        assert "PostgreSQL" in database.migrate("up", DATABASE_URL=url, code=10)
        database.migrate("status", DATABASE_URL=url, code=10)


def test_a_server_that_takes_no_changes(database):
    database.psql(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    assert "takes no changes" in database.migrate("up", code=1)


def test_with_nothing_pending_nobody_asks_for_the_lock(database):
    database.migrate("up")
    holder = subprocess.Popen(
        ["psql", "-XAtq", "-d", database.url()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        holder.stdin.write(f"SELECT pg_advisory_lock({0x776974616e});\nSELECT 'held';\n")
        holder.stdin.flush()
        while holder.stdout.readline().strip() != "held":
            pass
        assert "Nothing to do" in database.migrate("up")
    finally:
        holder.stdin.close()
        holder.wait(10)


@pytest.mark.slow
def test_eight_at_once(database):
    def up(_):
        return database.migrate("up", "--json")["applied"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        applied = list(pool.map(up, range(8)))
    assert sorted(map(bool, applied)) == [False] * 7 + [True]
    assert len(max(applied, key=len)) == len(states(database)) + 1
    database.migrate("verify")


@pytest.mark.slow
def test_killed_at_any_time_the_next_run_finishes(database):
    command, env = database.command("up")
    started = time.monotonic()
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)
    whole = time.monotonic() - started
    fingerprint = database.psql("SELECT fingerprint FROM ops._migration_history ORDER BY sequence DESC LIMIT 1")
    rounds, killed = 6, 0
    for number in range(rounds):
        database.psql(f"DROP DATABASE {database.name} WITH (FORCE)", "postgres")
        database.psql(f"CREATE DATABASE {database.name}", "postgres")
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * number / rounds)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait(60)
        database.migrate("up")
        database.migrate("verify")
        found = database.psql("SELECT fingerprint FROM ops._migration_history ORDER BY sequence DESC LIMIT 1")
        assert found == fingerprint
    assert killed > 0


def test_lint(tmp_path):
    def lint(*words):
        return subprocess.run(
            [str(BINARY), "migrate", "lint", *map(str, words)], capture_output=True, text=True, timeout=30)
    own = lint()
    assert own.returncode == 0 and "nothing found" in own.stdout
    bad = tmp_path / "0099_bad.sql"
    bad.write_text("CREATE TYPE auth.mood AS ENUM ('a');\nCREATE TABLE auth.t (at timestamp);\n")
    found = lint(bad, "--json")
    assert found.returncode == 7
    findings = json.loads(found.stdout)["findings"]
    assert findings and all(item["fix"] and item["line"] for item in findings)
    assert "0099_bad.sql" in lint(bad).stdout
    assert lint(tmp_path / "none.sql").returncode == 2


# The stores beside PostgreSQL

def test_redis_gets_its_step_and_gets_it_back(database, redis):
    redis("FLUSHALL")
    assert "0015_keys waits: Redis" in database.migrate("up", REDIS_URL="redis://127.0.0.1:1")
    shown = database.migrate("status", REDIS_URL="redis://127.0.0.1:1", code=3)
    assert any("0015_keys" in line and "pending" in line for line in shown.splitlines())
    assert "0015_keys" in database.migrate("up")
    assert redis("HGET", "witan:schema", "version") == "1"
    assert database.migrate("up") == "Nothing to do: the schema is up to date.\n"
    redis("FLUSHALL")
    assert "was lost by its store and is there again" in database.migrate("up")
    assert redis("HGET", "witan:schema", "version") == "1"
    redis("HSET", "witan:schema", "version", "2")
    assert "newer program" in database.migrate("up")
    redis("FLUSHALL")


def test_elasticsearch_gets_its_step(database):
    put = {}

    class StandIn(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            if self.path == "/":
                return self.answer(200, {"version": {"number": "8.17.0"}})
            self.answer(200 if self.path in put else 404, {})

        def do_PUT(self):
            put[self.path] = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.answer(200, {"acknowledged": True})

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    shown = database.migrate("status", code=3)
    assert "elasticsearch is not configured" in shown
    database.migrate("up", ELASTICSEARCH_URL=url)
    assert "/_index_template/audit_logs" in put and "/workflows-v1" in put
    found = database.migrate("status", "--json", ELASTICSEARCH_URL=url)["migrations"]
    assert {item["state"] for item in found if item["store"] == "elasticsearch"} == {"applied"}
    server.shutdown()
    assert "waits: Elasticsearch is not available" in database.migrate("up", ELASTICSEARCH_URL="http://127.0.0.1:1")
    database.migrate("status", ELASTICSEARCH_URL="localhost:9200", code=2)
