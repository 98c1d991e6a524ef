# SPDX-License-Identifier: Apache-2.0
"""The client commands: tables and JSON, hints and exit codes."""

import json
import subprocess

import pytest

from harness import BINARY, environment, free_port, wait_for


def done(run):
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout


def parsed(run):
    return json.loads(done(run))


@pytest.mark.parametrize("words, heading, key", [
    (("providers", "list"), "ENDPOINT", "data"),
    (("models", "list"), "MODEL", "data"),
    (("prices", "list"), "MODEL", "data"),
    (("keys", "list"), "ROLE", "data"),
    (("audit", "list"), "ACTION", "data"),
    (("status",), "version", "version"),
    (("organization", "show"), "slug", "slug"),
    (("audit", "verify"), "intact", "intact"),
    (("settings",), "SETTING", "data"),
])
def test_a_command_prints_a_table_and_with_json_json(witan, words, heading, key):
    witan.chat()
    assert heading in done(witan.cli(*words)).replace("_", " ")
    assert key in parsed(witan.cli(*words, "--json"))


def test_tables_fit_a_page_and_end_no_line_with_space(witan):
    for words in (("keys", "list"), ("models", "list"), ("audit", "list"), ("settings",)):
        for line in done(witan.cli(*words)).splitlines():
            assert len(line) <= 200 and line == line.rstrip(), repr(line)
            assert "\x1b" not in line, "colour although this is no terminal"


def test_status_says_what_is_there(witan):
    status = parsed(witan.cli("status", "--json"))
    assert status["ready"] is True and status["degraded"] == []
    assert status["stores"]["postgresql"].startswith("private") and status["stores"]["redis"] == "private"


@pytest.mark.parametrize("words", [
    ("nonsense",), ("keys",), ("keys", "nonsense"), ("keys", "create"), ("keys", "list", "--nonsense"),
    ("keys", "create", "x", "--role", "emperor"), ("chat",), ("audit", "list", "--limit", "many"),
    ("organization", "update"), ("serve", "--listen"), ("completion", "tcsh"),
])
def test_a_wrong_command_line_is_an_error_of_usage_with_a_hint(witan, words):
    run = witan.cli(*words)
    assert run.returncode == 2 and run.stdout == ""
    assert "help" in run.stderr or "Did you mean" in run.stderr or "sage" in run.stderr, run.stderr


def test_a_mistyped_command_names_the_near_one(witan):
    assert "providers" in witan.cli("provider", "list").stderr
    assert "list" in witan.cli("keys", "lsit").stderr


@pytest.mark.parametrize("words", [
    ("status",), ("keys", "list"), ("chat", "Hello"), ("chat", "Hello", "--stream"), ("audit", "verify"),
])
def test_a_server_that_is_not_there_is_unreachable(witan, words):
    run = witan.cli(*words, env={"WITAN_URL": f"http://127.0.0.1:{free_port()}"})
    assert run.returncode == 10 and run.stdout == ""
    assert "witan serve" in run.stderr and len(run.stderr.splitlines()) == 1


def test_a_wrong_key_fails_with_the_remedy(witan):
    run = witan.cli("keys", "list", key="wtn_" + "C" * 43)
    assert run.returncode == 1 and "WITAN_API_KEY" in run.stderr


def test_chat_answers_whole_and_streamed(witan):
    assert "Hello there" in done(witan.cli("chat", "Hello there"))
    assert "Hello there" in done(witan.cli("chat", "Hello there", "--stream"))
    whole = parsed(witan.cli("chat", "Hello there", "--model", "mock/mock", "--json"))
    assert whole["object"] == "chat.completion"
    chunks = [json.loads(line) for line in done(witan.cli("chat", "Hi", "--stream", "--json")).splitlines()]
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in chunks)


def test_chat_says_what_went_wrong(witan):
    run = witan.cli("chat", "Hello", "--model", "sandbox/ehco")
    assert run.returncode == 1 and "sandbox/echo" in run.stderr and run.stdout == ""
    run = witan.cli("chat", "Hello", "--model", "mock/mock-midstream", "--stream")
    assert run.returncode == 1 and "mock failure" in run.stderr


def test_a_key_is_made_shown_listed_and_refused_within_a_second_of_its_end(witan):
    made = parsed(witan.cli("keys", "create", "ci", "--role", "developer", "--model", "sandbox/echo", "--json"))
    assert made["key"].startswith("wtn_") and len(made["key"]) == 47
    assert witan.chat(key=made["key"]).status_code == 200
    shown = parsed(witan.cli("keys", "show", made["id"], "--json"))
    assert shown["last_four"] == made["key"][-4:] and shown["allowed_models"] == ["sandbox/echo"]
    assert "key" not in shown and made["key"] not in done(witan.cli("keys", "list", "--json"))
    done(witan.cli("keys", "revoke", made["id"]))
    wait_for(lambda: witan.chat(key=made["key"]).status_code == 401, 1, "the refusal of a revoked key")
    assert parsed(witan.cli("keys", "show", made["id"], "--json"))["revoked_at"]
    actions = [entry["action"] for entry in parsed(witan.cli("audit", "list", "--category", "auth", "--json"))["data"]]
    assert {"key.created", "key.revoked"} <= set(actions)


def test_a_key_ends_at_its_expiry(witan):
    import datetime
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)
    made = witan.new_key(expires_at=soon.isoformat().replace("+00:00", "Z"))
    assert witan.chat(key=made["key"]).status_code == 200
    wait_for(lambda: witan.chat(key=made["key"]).status_code == 401, 4, "the refusal of an expired key")


def test_a_key_cannot_make_one_that_may_more_than_itself(witan):
    manager = witan.new_key(role="manager")["key"]
    run = witan.cli("keys", "create", "coup", "--role", "admin", key=manager)
    assert run.returncode == 1 and "may do more than the caller" in run.stderr
    run = witan.cli("keys", "revoke", "01990000-0000-7000-8000-000000000000")
    assert run.returncode == 1 and "keys list" in run.stderr


def test_a_provider_is_added_called_and_retired_from_the_command_line(witan, mock):
    run = witan.cli(
        "providers", "create", "shell", "--endpoint", mock.url, "--model", "mock", "--input-price", "1",
        "--output-price", "2", "--json", env={"PROVIDER_API_KEY": "sk-from-the-environment"})
    made = parsed(run)
    assert made["models"] == ["mock"] and "sk-from-the-environment" not in run.stdout
    assert parsed(witan.cli("chat", "Hi", "--model", "shell/mock", "--json"))["choices"]
    done(witan.cli("models", "create", "shell/mock-tools"))
    assert witan.chat("shell/mock-tools").status_code == 403
    done(witan.cli("prices", "create", "shell/mock-tools", "--input-price", "1", "--output-price", "1"))
    assert witan.chat("shell/mock-tools").status_code == 200
    done(witan.cli("providers", "remove", made["id"]))
    assert witan.chat("shell/mock").status_code == 404


def test_a_provider_without_models_is_asked_for_them(witan, mock):
    made = parsed(witan.cli("providers", "create", "asked", "--endpoint", mock.url, "--json"))
    assert made["models"] == ["mock"]
    done(witan.cli("providers", "remove", made["id"]))
    run = witan.cli("providers", "create", "silent", "--endpoint", f"http://127.0.0.1:{free_port()}/v1")
    assert run.returncode == 1 and len(run.stderr.splitlines()) == 1


def test_an_unknown_field_is_refused_with_its_name(witan):
    problem = witan.api("POST", "/api/v1/keys", {"name": "x", "rolle": "admin"}, status=400)
    assert "rolle" in problem["detail"] and problem["code"] == "invalid_value"


def test_the_log_pages_from_the_newest_to_the_first_without_gaps(witan):
    for _ in range(7):
        witan.chat()
    seen, after = [], ""
    while True:
        page = witan.api("GET", f"/api/v1/audit-entries?limit=5{after}")
        seen += [entry["id"] for entry in page["data"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(seen, reverse=True) and len(seen) == len(set(seen))
    assert len(seen) == witan.psql("SELECT count(*) AS n FROM audits.audit_log")[0]["n"]
    shown = parsed(witan.cli("audit", "show", seen[0], "--json"))
    assert shown["id"] == seen[0]


def test_settings_show_where_values_come_from_and_hide_secrets(witan):
    run = witan.cli("settings", "--json", env={
        "WITAN_LOG_LEVEL": "debug", "DATABASE_URL": "postgresql://u:hush@h/d"})
    settings = {item["key"]: item for item in parsed(run)["data"]}
    assert settings["WITAN_LOG_LEVEL"]["source"] == "environment" and settings["WITAN_LOG_LEVEL"]["value"] == "debug"
    assert settings["WITAN_LISTEN"]["source"] == "default"
    assert "hush" not in run.stdout and "hush" not in witan.cli(
        "settings", env={"DATABASE_URL": "postgresql://u:hush@h/d"}).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_written(witan, shell):
    script = done(witan.cli("completion", shell))
    assert "witan" in script and "providers" in script
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0


@pytest.mark.parametrize("words", [(), ("keys",), ("keys", "create"), ("serve",), ("migrate", "up")])
def test_help_is_there_for_every_command(witan, words):
    text = done(witan.cli(*words, "--help"))
    assert "Usage: witan" in text and "Example" in text


def test_the_schema_is_migrated_without_a_server(new_witan):
    witan = new_witan(start=False)

    def migrate(*words):
        return subprocess.run(
            [str(BINARY), "migrate", *words], capture_output=True, text=True, timeout=60,
            env=environment({"WITAN_DATA_DIR": str(witan.data)}))
    pending = migrate("status", "--json")
    assert pending.returncode == 3 and {item["state"] for item in json.loads(pending.stdout)["migrations"]} == {"pending"}
    assert not witan.private_servers()
    assert parsed(migrate("up", "--json"))["applied"]
    assert "up to date" in done(migrate("up"))
    assert "applied" in done(migrate("status"))
    assert not witan.private_servers()
    witan.start()
    assert "applied" in done(migrate("status"))
    witan.execute(
        "ALTER TABLE ops._migration_history DISABLE TRIGGER ALL;"
        "UPDATE ops._migration_history SET checksum = repeat('0', 64), raw_checksum = repeat('0', 64)")
    witan.stop()
    assert migrate("status").returncode == 5
