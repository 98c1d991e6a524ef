# SPDX-License-Identifier: Apache-2.0
"""Secrets that pass through the program are planted, and then looked for in everything it leaves behind."""

import base64
import json
import pathlib
import re
import subprocess

import pytest

from harness import BINARY, environment, wait_for

EMAIL = "planted.person@example.org"
PASSWORD = "a planted heron over quiet water"
NEW_PASSWORD = "another planted heron over deep water"
PROVIDER_KEY = "sk-planted-0123456789abcdefghijklmnop"


def forms(secret):
    """The secret as it could stand in a file."""
    raw = secret.encode()
    return {raw, base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"="), raw.hex().encode()}


def command(witan, *arguments, text=None, key=None):
    return subprocess.run(
        [str(BINARY), *arguments], input=text, capture_output=True, text=True, timeout=120,
        env=environment({
            "WITAN_URL": witan.url, "WITAN_API_KEY": key or witan.key, "WITAN_DATA_DIR": str(witan.data)}))


@pytest.fixture
def lived_in(new_witan, own_mock):
    """A server that has seen every kind of secret, with what they were."""
    witan = new_witan(env={"WITAN_LOG_LEVEL": "trace", "WITAN_ARGON2_MEMORY": "8"})
    secrets = {
        "password": PASSWORD, "new password": NEW_PASSWORD, "provider key": PROVIDER_KEY,
        "administrator's key": witan.key, "master key": (witan.data / "master.key").read_bytes(),
    }
    witan.api("POST", "/api/v1/providers", {
        "name": "mock", "type": "openai_compatible", "api_endpoint": own_mock.url, "api_key": PROVIDER_KEY,
        "models": [{"name": "mock", "input_per_million": "1", "output_per_million": "1"}]})
    witan.api("GET", "/api/v1/organization")
    secrets["key"] = witan.api("POST", "/api/v1/keys", {"name": "planted"})["key"]
    invitation = witan.api("POST", "/api/v1/invitations", {"role": "admin"})
    secrets["invitation"] = invitation["code"]
    accepted = witan.http("none").post("/api/v1/invitations/accept", json={
        "code": invitation["code"], "email": EMAIL, "name": "Planted", "password": PASSWORD})
    assert accepted.status_code in (200, 201), accepted.text
    signed_in = command(witan, "sessions", "create", EMAIL, "--json", text=PASSWORD + "\n")
    assert signed_in.returncode == 0, signed_in.stderr
    tokens = json.loads(signed_in.stdout)
    secrets["access token"], secrets["refresh token"] = tokens["access_token"], tokens["refresh_token"]
    access = tokens["access_token"]
    factor = witan.api("POST", "/api/v1/account/second-factor", {"password": PASSWORD}, key=access)
    secrets["second factor"] = factor["secret"]
    refreshed = command(witan, "sessions", "refresh", "--json", text=tokens["refresh_token"] + "\n")
    secrets["next refresh token"] = json.loads(refreshed.stdout)["refresh_token"]
    fail(witan, secrets)
    wait_for(lambda: witan.chat("mock/mock", key=secrets["key"]).status_code == 200, 5)
    witan.verify_audit()
    return witan, secrets


def fail(witan, secrets):
    """Refusals are what is logged and answered at length."""
    client = witan.http("none")
    answers = [
        client.post("/api/v1/sessions", json={"email": EMAIL, "password": PASSWORD + "x"}),
        client.post("/api/v1/sessions", content='{"email":"%s","password":"%s"' % (EMAIL, PASSWORD)),
        client.post("/api/v1/sessions", json={"email": EMAIL, "password": PASSWORD, "pasword": NEW_PASSWORD}),
        client.post("/api/v1/sessions", json={"email": EMAIL, "password": [PASSWORD]}),
        client.post("/api/v1/sessions/refresh", json={"refresh_token": secrets["refresh token"] + "x"}),
        client.post("/api/v1/sessions?password=" + PROVIDER_KEY, json={}),
        client.post("/api/v1/account/password", json={"password": PASSWORD, "new_password": NEW_PASSWORD}),
        witan.http(secrets["key"] + "x").get("/api/v1/keys"),
        witan.http().post("/api/v1/keys", content='{"name":"%s' % secrets["key"]),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        for secret in (PASSWORD, NEW_PASSWORD, secrets["refresh token"]):
            assert secret not in answer.text


def found_in(content, secrets):
    return [
        name for name, secret in secrets.items()
        for form in (forms(secret) if isinstance(secret, str) else {secret}) if form in content]


def test_no_secret_is_in_a_log_a_table_or_a_process_list(lived_in):
    witan, secrets = lived_in
    # The first key is printed once, at the first start, to whoever started the server.
    quiet = {name: secret for name, secret in secrets.items() if name != "administrator's key"}
    assert found_in(witan.log.read_bytes(), quiet) == []
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            content = line.read_bytes()
        except OSError:
            continue
        assert found_in(content, secrets) == [], content
    tables = witan.psql(
        "SELECT schemaname || '.' || quote_ident(tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
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
    made = command(witan, "backup", "create", "--name", "planted", "--place", str(tmp_path))
    assert made.returncode == 0, made.stderr
    assert found_in((made.stdout + made.stderr).encode(), secrets) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert found_in(path.read_bytes(), secrets | {"address": EMAIL}) == [], path.name


def test_no_secret_is_in_what_the_api_shows_or_the_log_of_acts(lived_in):
    witan, secrets = lived_in
    paths = witan.http().get("/openapi.json").json()["paths"]
    for path in paths:
        if "get" in paths[path] and "{" not in path:
            answer = witan.http().get(path)
            assert found_in(answer.content, secrets) == [], path
    entries = witan.api("GET", "/api/v1/audit-entries?limit=500")["data"]
    assert {"session.created", "session.refused", "key.created"} <= {entry["action"] for entry in entries}
    assert re.search(r"wt[nri]_[A-Za-z0-9_-]{43}", json.dumps(entries)) is None
