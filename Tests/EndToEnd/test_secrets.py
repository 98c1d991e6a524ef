# SPDX-License-Identifier: Apache-2.0
"""Secrets that pass through the program are planted, and then looked for in everything it leaves behind."""

import base64
import contextlib
import json
import os
import pathlib
import re

import pyotp
import pytest

from harness import Witan, wait_for

EMAIL = "planted.person@example.org"
PASSWORD = "a planted heron over quiet water"
NEW_PASSWORD = "another planted heron over deep water"
PROVIDER_KEY = "sk-planted-0123456789abcdefghijklmnop"


def forms(secret):
    """The secret, a text or bytes, as it could stand in a file."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return {raw, base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="), raw.hex().encode()}


@pytest.fixture(scope="module")
def lived_in(mail, mock):
    """A server that has seen every kind of secret, with what they were; tests look at it only."""
    with Witan(env=mail.settings | {"WITAN_LOG_LEVEL": "trace", "WITAN_ARGON2_MEMORY": "8"}) as witan:
        yield witan.start(), live(witan, mail, mock)


def live(witan, mail, mock):
    secrets = {
        "password": PASSWORD, "new password": NEW_PASSWORD, "provider key": PROVIDER_KEY,
        "administrator's key": witan.key, "master key": (witan.data / "master.key").read_bytes(),
    }
    witan.api("POST", "/api/v1/providers", {
        "name": "mock", "type": "openai_compatible", "api_endpoint": mock.url, "api_key": PROVIDER_KEY,
        "models": [{"name": "mock", "input_per_million": "1", "output_per_million": "1"}]})
    secrets["key"] = witan.api("POST", "/api/v1/keys", {"name": "planted"})["key"]
    invitation = witan.api("POST", "/api/v1/invitations", {"role": "admin"})
    secrets["invitation"] = invitation["code"]
    witan.api("POST", "/api/v1/invitations/accept", {
        "code": invitation["code"], "email": EMAIL, "name": "Planted", "password": PASSWORD}, key="none")

    def tokens(*arguments, typed):
        run = witan.cli("sessions", *arguments, "--json", typed=typed + "\n")
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)
    first = tokens("create", EMAIL, typed=PASSWORD)
    secrets["access token"], secrets["refresh token"] = first["access_token"], first["refresh_token"]
    secrets["next refresh token"] = tokens("refresh", typed=first["refresh_token"])["refresh_token"]
    _, message = mail.next_message(
        lambda: witan.api("POST", "/api/v1/password-resets", {"email": EMAIL}, status=202, key="none"))
    secrets["reset token"] = re.search(r"wtp_[\w-]{43}", message.get_content()).group()
    factor = witan.api("POST", "/api/v1/account/second-factor", {"password": PASSWORD}, key=first["access_token"])
    secrets["second factor"] = factor["secret"]
    secrets["bytes of the second factor"] = base64.b32decode(factor["secret"])
    codes = witan.api(
        "POST", "/api/v1/account/second-factor/confirm", {"code": pyotp.TOTP(factor["secret"]).now()}, status=200,
        key=first["access_token"])["recovery_codes"]
    secrets |= {"recovery code": codes[0], "recovery code without dashes": codes[0].replace("-", "")}
    witan.api("POST", "/api/v1/account/password", {
        "password": PASSWORD, "new_password": NEW_PASSWORD}, status=204, key=first["access_token"])
    fail(witan, secrets)
    wait_for(lambda: witan.chat("mock/mock", key=secrets["key"]).status_code == 200, 5)
    witan.verify_audit()
    return secrets


def fail(witan, secrets):
    """Refusals are what is logged and answered at length."""
    client = witan.http("none")
    for status, answer in [
        (401, client.post("/api/v1/sessions", json={"email": EMAIL, "password": NEW_PASSWORD + "x"})),
        (401, client.post("/api/v1/sessions", json={"email": EMAIL, "password": NEW_PASSWORD})),
        (400, client.post("/api/v1/sessions", content='{"email":"%s","password":"%s"' % (EMAIL, PASSWORD))),
        (400, client.post("/api/v1/sessions", json={"email": EMAIL, "password": PASSWORD, "pasword": NEW_PASSWORD})),
        (400, client.post("/api/v1/sessions", json={"email": EMAIL, "password": [PASSWORD]})),
        (401, client.post("/api/v1/sessions/refresh", json={"refresh_token": secrets["refresh token"] + "x"})),
        (400, client.post("/api/v1/sessions?password=" + PROVIDER_KEY, json={})),
        (401, client.post("/api/v1/account/password", json={"password": PASSWORD, "new_password": NEW_PASSWORD})),
        (401, witan.http(secrets["key"] + "x").get("/api/v1/keys")),
        (400, witan.http().post("/api/v1/keys", content='{"name":"%s' % secrets["key"])),
    ]:
        assert answer.status_code == status, answer.text
        assert found_in(answer.content, secrets) == [], answer.text


def found_in(content, secrets):
    return [name for name, secret in secrets.items() if any(form in content for form in forms(secret))]


def test_no_secret_is_in_a_log_a_table_or_a_process_list(lived_in):
    witan, secrets = lived_in
    # The first key is printed once, at the first start, to whoever started the server.
    quiet = {name: secret for name, secret in secrets.items() if name != "administrator's key"}
    assert found_in(witan.log.read_bytes(), quiet) == []
    lines = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # It has ended.
            lines[int(path.parent.name)] = path.read_bytes()
    assert {os.getpid(), witan.process.pid, witan.postgres_pid()} <= set(lines)
    assert [line for line in lines.values() if found_in(line, secrets)] == []
    tables = witan.psql(
        "SELECT schemaname || '.' || quote_ident(tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
    assert {"auth.users", "auth.sessions", "audits.audit_log"} <= {table["name"] for table in tables}
    for table in tables:
        text = "\n".join(row["row"] for row in witan.psql(f"SELECT t::text AS row FROM {table['name']} t"))
        assert found_in(text.encode(), secrets) == [], table["name"]


def test_no_secret_is_in_a_file_of_the_data_directory_but_its_own(lived_in):
    witan, secrets = lived_in
    own = {"admin.key": "administrator's key", "master.key": "master key"}
    for name, secret in own.items():
        assert found_in((witan.data / name).read_bytes(), secrets) == [secret], "what is there is found"
    for path in witan.data.rglob("*"):
        if not path.is_file():
            continue
        left = [name for name in found_in(path.read_bytes(), secrets) if own.get(path.name) != name]
        assert left == [], f"{path.relative_to(witan.data)} has {left}"


def test_no_secret_nor_person_is_in_a_backup_in_clear(lived_in, tmp_path):
    witan, secrets = lived_in
    made = witan.cli(
        "backup", "create", "--name", "planted", "--place", tmp_path, "--data-dir", witan.data, timeout=120)
    assert made.returncode == 0, made.stderr
    assert found_in((made.stdout + made.stderr).encode(), secrets) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert found_in(path.read_bytes(), secrets | {"address": EMAIL}) == [], path.name


def test_no_secret_is_in_what_the_api_shows_or_the_log_of_acts(lived_in):
    witan, secrets = lived_in
    shown = []
    with witan.http() as client:
        for path, methods in client.get("/openapi.json").json()["paths"].items():
            if "get" in methods and "{" not in path:
                answer = client.get(path)
                assert found_in(answer.content, secrets) == [], path
                shown += [path] if answer.status_code == 200 else []
    assert {"/api/v1/users", "/api/v1/keys", "/api/v1/providers", "/api/v1/audit-entries", "/metrics"} <= set(shown)
    entries = witan.api("GET", "/api/v1/audit-entries?limit=500")["data"]
    assert {"session.created", "session.refused", "key.created"} <= {entry["action"] for entry in entries}
    assert re.search(r"wt[a-z]_[A-Za-z0-9_-]{43}", json.dumps(entries)) is None
