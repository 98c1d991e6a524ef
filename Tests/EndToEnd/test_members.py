# SPDX-License-Identifier: Apache-2.0
"""People and teams with the real program: invited by mail or code, signed in, promoted, removed; organizations made
and retired."""

import json
import re
import threading
import uuid

import httpx
import pytest

from harness import Witan, wait_for

PASSWORD = "drei Hunde im Regen"
# Roles and keys count everywhere within a second; the clocks of tests on a busy machine get some more.
SOON = 5


@pytest.fixture(scope="module")
def witan(mail):
    env = mail.settings | {"WITAN_ARGON2_MEMORY": "8", "WITAN_PUBLIC_URL": "https://witan.example.org"}
    with Witan(env=env) as server:
        yield server.start()


@pytest.fixture(scope="module")
def things(witan):
    """A role, a team and a member that nothing changes."""
    role = witan.api("POST", "/api/v1/roles", {"name": "kept", "permissions": ["audit.read"]})["id"]
    return {
        "role": role, "team": witan.api("POST", "/api/v1/teams", {"name": "kept"})["id"], "user": member(witan)[1]}


def address():
    return f"{uuid.uuid4().hex}@example.org"


def accept(witan, code, who, status=201, password=PASSWORD):
    answer = httpx.post(
        witan.url + "/api/v1/invitations/accept", json={"code": code, "email": who, "password": password}, timeout=30)
    assert answer.status_code == status, answer.text
    return answer.json()


def sign_in(witan, who, **fields):
    return witan.api("POST", "/api/v1/sessions", {"email": who, "password": PASSWORD} | fields, key="none")


def invite(witan, key=None, **fields):
    return witan.api("POST", "/api/v1/invitations", fields, key=key)


def member(witan, role="developer"):
    """Somebody new: address, id and a fresh access token."""
    who = address()
    user = accept(witan, invite(witan, role=role)["code"], who)["user"]
    return who, user, sign_in(witan, who)["access_token"]


def status(witan, path, token, method="GET", **fields):
    with witan.http(token) as client:
        return client.request(method, path, **fields).status_code


def test_a_mailed_invitation_makes_a_member_with_a_proven_address_and_its_code_is_shown_to_nobody_else(witan, mail):
    who = address()
    made, message = mail.next_message(lambda: invite(witan, role="manager", email=who))
    text = message.get_content()
    assert made["code"] is None and made["mailed"] is True
    code = re.search(r"wti_[\w-]{43}", text).group()
    assert "https://witan.example.org" in text and who in text
    assert accept(witan, code, address(), 400)["code"] == "invalid_invitation"
    user = accept(witan, code, who)["user"]
    shown = witan.api("GET", f"/api/v1/users/{user}")
    assert (shown["email"], shown["role"], shown["verified"]) == (who, "manager", True)
    assert accept(witan, code, who, 400)["code"] == "invalid_invitation"
    assert witan.api("GET", f"/api/v1/invitations/{made['id']}")["state"] == "used"
    assert code not in witan.log.read_text()


def test_a_role_counts_within_a_second_and_who_is_removed_is_out_within_one(witan):
    who, user, token = member(witan)
    assert status(witan, "/api/v1/users", token) == 200
    assert status(witan, "/api/v1/audit-entries", token) == 403
    witan.api("PATCH", f"/api/v1/users/{user}", {"role": "manager"})
    wait_for(lambda: status(witan, "/api/v1/users", token) == 401, SOON, "the end of the old token")
    session = sign_in(witan, who)
    token = session["access_token"]
    assert status(witan, "/api/v1/audit-entries", token) == 200
    key = witan.api("POST", "/api/v1/keys", {"name": "mine", "role": "viewer", "owner": user})["key"]
    assert status(witan, "/api/v1/organization", key) == 200
    witan.api("DELETE", f"/api/v1/users/{user}")
    wait_for(lambda: status(witan, "/api/v1/users", token) == 401, SOON, "the end of the token")
    wait_for(lambda: status(witan, "/api/v1/organization", key) == 401, SOON, "the end of the key")
    refreshed = httpx.post(
        witan.url + "/api/v1/sessions/refresh", json={"refresh_token": session["refresh_token"]}, timeout=30)
    assert refreshed.status_code == 401
    # Back again: with the same account, and without what they had.
    again = accept(witan, invite(witan, role="viewer")["code"], who)
    assert again["user"] == user
    assert status(witan, "/api/v1/organization", key) == 401
    assert status(witan, "/api/v1/organization", sign_in(witan, who)["access_token"]) == 200


def test_of_many_who_take_the_last_place_at_once_exactly_one_gets_it(witan):
    code = invite(witan, role="viewer", max_uses=1)["code"]
    answers = []

    def take():
        body = {"code": code, "email": address(), "password": PASSWORD}
        answers.append(httpx.post(witan.url + "/api/v1/invitations/accept", json=body, timeout=60).status_code)
    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [400] * 5


def test_two_administrators_who_demote_each_other_at_once_leave_one(witan):
    for _ in range(3):
        slug = uuid.uuid4().hex
        made = witan.api("POST", "/api/v1/organizations", {"name": "Two", "slug": slug})
        people = []
        who = address()
        user = accept(witan, made["invitation"]["code"], who)["user"]
        people.append((user, sign_in(witan, who)["access_token"]))
        code = invite(witan, key=people[0][1], role="admin")["code"]
        who = address()
        user = accept(witan, code, who)["user"]
        people.append((user, sign_in(witan, who)["access_token"]))
        answers = []

        def demote(target, token):
            with witan.http(token) as client:
                answers.append(client.patch(f"/api/v1/users/{target}", json={"role": "viewer"}).status_code)
        threads = [
            threading.Thread(target=demote, args=(people[1 - number][0], people[number][1])) for number in (0, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = witan.psql(f"""
            SELECT count(*) AS n FROM auth.memberships WHERE org_id = '{made['id']}' AND role = 'admin'""")
        assert left[0]["n"] == 1, answers
        assert 200 in answers


def test_a_lead_looks_after_their_own_team_and_no_other(witan):
    team = witan.api("POST", "/api/v1/teams", {"name": uuid.uuid4().hex})["id"]
    other = witan.api("POST", "/api/v1/teams", {"name": uuid.uuid4().hex})["id"]
    (_, lead, token), (_, plain, _) = member(witan), member(witan)
    witan.api("POST", f"/api/v1/teams/{team}/members", {"user": lead, "role": "lead"})
    refused = witan.api("POST", f"/api/v1/teams/{other}/members", {"user": plain}, status=403, key=token)
    assert refused["code"] == "not_team_lead"
    witan.api("POST", f"/api/v1/teams/{team}/members", {"user": plain}, key=token)
    listed = witan.api("GET", f"/api/v1/teams/{team}/members", key=token)["data"]
    assert {item["id"]: item["role"] for item in listed} == {lead: "lead", plain: "member"}
    witan.api("DELETE", f"/api/v1/teams/{team}/members/{plain}", key=token)
    assert witan.api("GET", f"/api/v1/teams/{team}")["members"] == 1


def test_an_organization_of_its_own_has_its_sandbox_and_is_shut_within_a_second(witan):
    made = witan.api("POST", "/api/v1/organizations", {"name": "Acme", "slug": uuid.uuid4().hex, "plan": "enterprise"})
    who = address()
    accept(witan, made["invitation"]["code"], who)
    token = sign_in(witan, who)["access_token"]
    assert witan.api("GET", "/api/v1/organization", key=token)["plan"] == "enterprise"
    key = witan.api("POST", "/api/v1/keys", {"name": "k", "role": "admin"}, key=token)["key"]
    wait_for(lambda: witan.chat(key=key).status_code == 200, SOON, "the sandbox of the new organization")
    assert status(witan, "/api/v1/organizations", key) == 403
    assert witan.api("PATCH", "/api/v1/organization", {"plan": "free"}, status=403, key=key)["field"] == "plan"
    described = witan.api("PATCH", "/api/v1/organization", {"name": "Acme SE", "settings": {"theme": "dark"}}, key=key)
    assert (described["name"], described["settings"]) == ("Acme SE", {"theme": "dark"})
    # One's own: what the other organization sees of it is nothing.
    assert who not in json.dumps(witan.api("GET", "/api/v1/users"))
    witan.api("DELETE", f"/api/v1/organizations/{made['id']}")
    wait_for(lambda: witan.chat(key=key).status_code == 401, SOON, "the end of the key")
    wait_for(lambda: status(witan, "/api/v1/organization", token) == 401, SOON, "the end of the token")
    with httpx.Client(base_url=witan.url, timeout=30) as client:
        body = {"email": who, "password": PASSWORD}
        assert client.post("/api/v1/sessions", json=body).status_code == 401


def test_who_is_signed_in_joins_another_organization_with_the_code_alone(witan):
    made = witan.api("POST", "/api/v1/organizations", {"name": "Other", "slug": uuid.uuid4().hex})
    who, user, token = member(witan)
    joined = witan.api("POST", "/api/v1/account/organizations", {"code": made["invitation"]["code"]}, key=token)
    assert (joined["user"], joined["role"]) == (user, "admin")
    assert sign_in(witan, who, organization=made["slug"])["access_token"]
    refused = witan.api("POST", "/api/v1/account/organizations", {"code": made["invitation"]["code"]}, 400, key=token)
    assert refused["code"] == "invalid_invitation"


@pytest.mark.parametrize(("method", "path", "body", "field"), [
    ("POST", "/api/v1/roles", {"name": "r", "permissions": ["audit.read"], "permision": 1}, "permision"),
    ("POST", "/api/v1/roles", {"name": "r", "permissions": ["audit.reed"]}, "permissions"),
    ("POST", "/api/v1/roles", {"name": "admin", "permissions": ["audit.read"]}, "name"),
    ("PATCH", "/api/v1/roles/{role}", {"permissions": "audit.read"}, "permissions"),
    ("PATCH", "/api/v1/users/{user}", {"rol": "viewer"}, "rol"),
    ("PATCH", "/api/v1/users/{user}", {"role": "root"}, "role"),
    ("PATCH", "/api/v1/users/{user}", {"custom_role": "auditor"}, "custom_role"),
    ("POST", "/api/v1/teams", {"name": "", "description": ""}, "name"),
    ("POST", "/api/v1/teams", {"name": "t", "lead": True}, "lead"),
    ("PATCH", "/api/v1/teams/{team}", {"name": 1}, "name"),
    ("POST", "/api/v1/teams/{team}/members", {"role": "member"}, "user"),
    ("POST", "/api/v1/teams/{team}/members", {"user": "{user}", "role": "boss"}, "role"),
    ("POST", "/api/v1/invitations", {"role": "root"}, "role"),
    ("POST", "/api/v1/invitations", {"email": "аda@example.org"}, "email"),
    ("POST", "/api/v1/invitations", {"email": "ada@example.org\r\nBcc: eve@example.org"}, "email"),
    ("POST", "/api/v1/invitations", {"max_uses": 0}, "max_uses"),
    ("POST", "/api/v1/invitations", {"max_uses": 10001}, "max_uses"),
    ("POST", "/api/v1/invitations", {"email": "ada@example.org", "max_uses": 2}, "max_uses"),
    ("POST", "/api/v1/invitations", {"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ("POST", "/api/v1/invitations", {"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
    ("POST", "/api/v1/invitations", {"uses": 3}, "uses"),
    ("POST", "/api/v1/invitations/accept", {"code": "x", "email": "a@example.org"}, "password"),
    ("POST", "/api/v1/invitations/accept", {"code": "x", "email": "a@example.org", "password": "p", "role": 1}, "role"),
    ("POST", "/api/v1/organizations", {"name": "A", "slug": "A b"}, "slug"),
    ("POST", "/api/v1/organizations", {"name": "A", "slug": "a", "plan": "gold"}, "plan"),
    ("PATCH", "/api/v1/organization", {"settings": ["a"]}, "settings"),
    ("PATCH", "/api/v1/organization", {"settings": {"a": "\u0000"}}, "settings"),
    ("PATCH", "/api/v1/organization", {"settings": {"a": "a" * 17000}}, "settings"),
])
def test_a_wrong_field_is_refused_by_its_name(witan, things, method, path, body, field):
    filled = json.loads(json.dumps(body).replace("{user}", things["user"]))
    answer = witan.api(method, path.format(**things), filled, status=400)
    assert answer["field"] == field, answer


def test_each_act_is_in_the_log_with_address_and_program(witan):
    who, user, _ = member(witan)
    witan.api("PATCH", f"/api/v1/users/{user}", {"role": "viewer"})
    witan.api("DELETE", f"/api/v1/users/{user}")
    listed = witan.api("GET", "/api/v1/audit-entries?category=auth&limit=100")["data"]
    entries = [entry for entry in reversed(listed) if f"user:{user}" in (entry["entity"], entry["actor"])]
    assert [entry["action"] for entry in entries] == [
        "invitation.accepted", "session.created", "member.updated", "member.removed"]
    for entry in entries:
        facts = entry["payload"] | {name: part[name] for part in entry["personal"] for name in part}
        assert facts["ip_address"] == "127.0.0.1" and facts["user_agent"].startswith("python-httpx/"), entry
    witan.verify_audit()


def test_the_commands_do_it_all(witan):
    def run(*arguments, **options):
        result = witan.cli(*arguments, **options)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        assert all(len(line) <= 100 for line in result.stdout.splitlines() if "," not in line), result.stdout
        return result.stdout
    role = json.loads(run("roles", "create", "auditor", "--permission", "audit.read", "--json"))
    assert "auditor" in run("roles", "list") and "audit.read" in run("roles", "show", "developer") + run(
        "roles", "show", role["id"])
    team = json.loads(run("teams", "create", "search", "--description", "Finds things", "--json"))
    made = json.loads(run(
        "invitations", "create", "--custom-role", role["id"], "--team", team["id"], "--json"))
    who = address()
    typed = f"{made['code']}\n{PASSWORD}\n"
    user = json.loads(run("invitations", "accept", who, "--name", "Ada", "--json", key="", typed=typed))["user"]
    assert "custom" in next(line for line in run("users", "list").splitlines() if user in line)
    assert user in run("teams", "members", team["id"])
    assert "lead" in run("teams", "change", team["id"], user, "--role", "lead")
    assert "used" in run("invitations", "list")
    in_use = witan.cli("roles", "retire", role["id"])
    assert in_use.returncode == 1 and "in use" in in_use.stderr
    assert "manager" in run("users", "update", user, "--role", "manager")
    assert run("roles", "retire", role["id"]) == "Retired.\n"
    assert run("users", "remove", user) == "Removed.\n"
    assert run("teams", "retire", team["id"]) == "Retired.\n"
    shown = run("organizations", "create", "acme-cli", "--name", "Acme")
    assert re.search(r"^wti_[\w-]{43}$", shown, re.M)
    listed = json.loads(run("organizations", "list", "--json"))["data"]
    acme = next(item["id"] for item in listed if item["slug"] == "acme-cli")
    assert "enterprise" in run("organizations", "update", acme, "--plan", "enterprise")
    assert run("organizations", "retire", acme, "--json") == "{}\n"
    for noun in ("users", "teams", "roles", "invitations", "organizations"):
        for line in run(noun, "--help").splitlines():
            assert len(line) <= 120
