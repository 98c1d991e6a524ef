# SPDX-License-Identifier: Apache-2.0
"""The rights of people, with the real program: what is held of one is sealed, exported, kept under a hold, erased."""

import hashlib
import json
import shutil
import tarfile
import uuid

import pytest

from harness import Witan, wait_for

AGENT = "planted-agent/1"
NAMES = ("planted-name", "ada@planted.example", "planted-question", "planted-key", AGENT)


def said(run, code=0):
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr


class Person:
    """Somebody in the first organization, who calls with a key of theirs."""

    def __init__(self, witan):
        self.id = str(uuid.uuid4())
        organization = witan.psql("SELECT id FROM auth.organizations")[0]["id"]
        witan.execute(f"""
            INSERT INTO auth.users (id, email, name)
            VALUES ('{self.id}', 'ada@planted.example', 'Ada planted-name');
            INSERT INTO auth.memberships (org_id, user_id, role)
            VALUES ('{organization}', '{self.id}', 'manager')""")
        self.key = witan.new_key("planted-key", role="manager", owner=self.id)["key"]
        with witan.http(self.key, headers={"user-agent": AGENT}) as client:
            assert client.post("/api/v1/keys", json={"name": "made by ada"}).status_code == 201
        assert witan.chat(key=self.key, content="planted-question").status_code == 200


@pytest.fixture
def witan():
    with Witan() as server:
        server.start().api("PATCH", "/api/v1/organization", {"content_retention": True})
        yield server


@pytest.fixture
def ada(witan):
    return Person(witan)


def entries(witan, action):
    found = json.loads(said(witan.cli("audit", "list", "--limit", "100", "--json")))["data"]
    return [entry for entry in found if entry["action"] == action]


def part_of(entry, person):
    return next(part for part in entry["personal"] if part["user"] == person.id)


def test_where_a_person_acted_from_is_sealed_in_the_database_and_open_to_who_may_read_the_log(witan, ada):
    made = next(entry for entry in entries(witan, "key.created") if any(
        part["user"] == ada.id and "ip_address" in part for part in entry["personal"]))
    assert part_of(made, ada)["user_agent"] == AGENT and part_of(made, ada)["ip_address"] == "127.0.0.1"
    assert AGENT not in witan.dump()
    shown = said(witan.cli("audit", "show", made["id"]))
    assert AGENT in shown
    rows = witan.psql("SELECT DISTINCT personal FROM auth.audit_logs WHERE personal IS NOT NULL")
    assert rows == [{"personal": "sealed"}]


def test_the_export_holds_what_there_is_and_nothing_secret(witan, ada, tmp_path):
    archive = tmp_path / "ada.tar"
    told = said(witan.cli("users", "export", ada.id, "--to", archive))
    assert str(archive) in told and archive.stat().st_mode & 0o777 == 0o600
    said(witan.cli("users", "export", ada.id, "--to", archive), 1)
    with tarfile.open(archive) as tar:
        files = {member.name.split("/", 1)[1]: tar.extractfile(member).read() for member in tar.getmembers()}
    manifest = json.loads(files.pop("manifest.json"))
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    everything = b"\n".join(files.values()).decode()
    for name in NAMES:
        assert name in everything, name
    assert "key_hash" not in everything and "encrypted" not in everything
    keys = [json.loads(line) for line in files["auth.api_keys-0001.ndjson"].splitlines()]
    assert {key["name"] for key in keys if key["user_id"] == ada.id} == {"planted-key", "made by ada"}
    assert entries(witan, "person.exported")[0]["entity"] == f"user:{ada.id}"


def test_only_who_may_exports_others_and_a_key_has_no_account(witan, ada, tmp_path):
    for command in (["users", "export", ada.id], ["account", "export"]):
        refused = said(witan.cli(*command, "--to", tmp_path / "no.tar", key=ada.key), 1)
        assert "needs the permission" in refused
        assert not (tmp_path / "no.tar").exists()
    nobody = said(witan.cli("users", "export", str(uuid.uuid4()), "--to", tmp_path / "no.tar"), 1)
    assert "Nobody with this id" in nobody


def test_a_hold_blocks_erasure_and_erasure_leaves_nothing_but_a_log_that_verifies(witan, ada):
    hold = json.loads(said(witan.cli("holds", "place", "Case 12/2026", "--user", ada.id, "--json")))
    assert said(witan.cli("erasures", "create", ada.id), 3).startswith("Nothing was done")
    assert "legal hold" in said(witan.cli("erasures", "create", ada.id, "--confirm"), 1)
    assert witan.chat(key=ada.key).status_code == 200
    assert "Released" in said(witan.cli("holds", "release", hold["id"]))
    made = json.loads(said(witan.cli("erasures", "create", ada.id, "--confirm", "--json")))
    assert made["account"] == "erased" and made["counts"]["calls"] >= 1
    wait_for(lambda: witan.chat(key=ada.key).status_code == 401, 5, "the end of the key")
    left = witan.dump()
    for name in NAMES:
        assert name not in left, name
    assert said(witan.cli("erasures", "show", made["id"], "--json"))
    assert "is erased" in said(witan.cli("erasures", "create", ada.id, "--confirm"), 1)
    states = {part["state"] for entry in entries(witan, "key.created") for part in entry["personal"]
              if part["user"] == ada.id}
    assert states == {"erased"}
    witan.verify_audit()
    verified = json.loads(said(witan.cli("audit", "verify", "--json")))
    assert verified["intact"] is True


def test_an_older_backup_brings_the_person_back_until_erasures_are_replayed(witan, ada, tmp_path):
    place = tmp_path / "backups"
    said(witan.cli("backup", "create", "--place", place, "--name", "one", "--data-dir", witan.data))
    said(witan.cli("erasures", "create", ada.id, "--confirm"))
    kept = tmp_path / "erasures.json"
    kept.write_text(said(witan.cli("erasures", "list", "--json")))
    with Witan() as restored:
        shutil.copy(witan.data / "master.key", restored.home / "master.key")
        restored.env = {"WITAN_MASTER_KEY_FILE": str(restored.home / "master.key")}
        said(witan.cli(
            "restore", "one", "--place", place, "--data-dir", restored.data, "--confirm", env=restored.env,
            timeout=180))
        restored.start()
        shutil.copy(witan.data / "admin.key", restored.data / "admin.key")
        assert "planted-question" in restored.dump()
        first = said(restored.cli("erasures", "replay", kept))
        assert first == "1 erased again, 0 not.\n"
        left = restored.dump()
        for name in NAMES:
            assert name not in left, name
        assert "0 erased again, 1 not" in said(restored.cli("erasures", "replay", kept))
        forged = json.loads(kept.read_text())
        forged["data"][0]["certificate"] = forged["data"][0]["certificate"].replace("consent", "other")
        (tmp_path / "forged.json").write_text(json.dumps(forged))
        refused = said(restored.cli("erasures", "replay", tmp_path / "forged.json"))
        assert "no certificate that this installation signed" in refused
        restored.verify_audit()
