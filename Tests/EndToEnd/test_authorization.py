# SPDX-License-Identifier: Apache-2.0
"""Every endpoint × every role × one's own and another organization, from the table that the server itself publishes.

What is not listed is refused: an endpoint that is new, or open, or whose permission changed, fails here until it is
looked at.
"""

import json
import re
import subprocess

import pytest

from harness import BINARY, Witan, environment, wait_for

ROLES = {
    "admin": None,  # everything that an organization can grant
    "manager": {
        "models.call", "models.read", "providers.read", "providers.manage", "keys.read", "keys.manage", "audit.read",
        "usage.read", "status.read", "retention.read", "members.read", "teams.manage", "invitations.manage",
    },
    "developer": {"models.call", "models.read", "providers.read", "usage.read", "status.read", "members.read"},
    "viewer": {"models.read", "providers.read", "usage.read", "status.read"},
}

#: A person's own account and the installation: no role grants them.
NEVER_GRANTED = {"account.manage", "installation.manage"}

#: Who has no credential may do this and nothing else.
OPEN = {
    "GET /healthz", "GET /readyz", "GET /metrics",
    # Proving who one is: what they take is the proof.
    "POST /api/v1/sessions", "POST /api/v1/sessions/refresh", "POST /api/v1/password-resets",
    "POST /api/v1/password-resets/confirm",
    "POST /api/v1/invitations/accept",
    # On the way to an issuer and back; a sealed cookie, the issuer's code and a code of ours are the proof.
    "GET /api/v1/sso/{provider}/start", "GET /api/v1/sso/{provider}/callback", "POST /api/v1/sso/tokens",
}


#: An id that nothing has.
NOBODYS = "019f0000-0000-7000-8000-000000000000"


class Door:
    """A server with two organizations: the first start's, and the demo seed's."""

    def __init__(self, witan):
        self.witan = witan
        subprocess.run(
            [str(BINARY), "seed", "run", "--environment", "demo"], check=True, capture_output=True, timeout=120,
            env=environment({"WITAN_DATA_DIR": str(witan.data)}))
        self.foreign = (witan.data / "seed-demo.key").read_text().strip()
        wait_for(lambda: self.send("GET", "/api/v1/organization", self.foreign).status_code == 200, 10)
        self.endpoints = [
            (method.upper(), path, operation.get("x-permission"))
            for path, methods in self.send("GET", "/openapi.json", None).json()["paths"].items()
            for method, operation in methods.items()]
        self.keys = {role: self.key(role=role, name=role) for role in ROLES}

    def send(self, method, path, key, body=None):
        with self.witan.http(key or "none") as client:
            if key is None:
                del client.headers["authorization"]
            return client.request(method, path, json=body, timeout=30, follow_redirects=False)

    def key(self, **fields):
        answer = self.send("POST", "/api/v1/keys", self.witan.key, fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["key"]

    def filled(self, path, values=None):
        """The path with ids that nobody has, or those given, in its places."""
        names = re.findall(r"\{(\w+)\}", path)
        for name, value in zip(names, values or []):
            path = path.replace("{%s}" % name, value)
        return re.sub(r"\{\w+\}", NOBODYS, path)


@pytest.fixture(scope="module")
def door():
    witan = Witan()
    try:
        yield Door(witan.start())
    finally:
        witan.remove()


def is_refused(answer):
    if answer.status_code != 403:
        return False
    body = answer.json()
    return (body.get("code") or body["error"]["code"]) == "permission_denied"


def body_of(method):
    return {} if method in ("POST", "PATCH", "PUT") else None


def test_what_is_open_to_all_is_listed(door):
    found = {f"{method} {path}" for method, path, permission in door.endpoints if permission is None}
    assert found == OPEN


def test_without_a_credential_everything_else_is_refused(door):
    for method, path, permission in door.endpoints:
        if permission is None:
            continue
        for credential in (None, "wtn_" + "A" * 43, "eyJhbGciOiJub25lIn0.e30."):
            answer = door.send(method, door.filled(path), credential, body_of(method))
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_listed_for_it_and_nothing_else(door, role):
    known = {permission for _, _, permission in door.endpoints if permission}
    allowed = known - NEVER_GRANTED if ROLES[role] is None else ROLES[role]
    for method, path, permission in door.endpoints:
        if permission is None:
            continue
        answer = door.send(method, door.filled(path), door.keys[role], body_of(method))
        name = f"{method} {path} as {role}: {answer.status_code} {answer.text[:300]}"
        if permission in allowed:
            assert not is_refused(answer), name
            assert answer.status_code not in (401, 500, 501, 503), name
        else:
            assert is_refused(answer), name


def test_a_key_is_held_to_its_scopes_on_every_endpoint(door):
    permissions = {permission for _, _, permission in door.endpoints if permission} - NEVER_GRANTED
    for scope in sorted(permissions):
        key = door.key(role="admin", name=scope, scopes=[scope])
        for method, path, permission in door.endpoints:
            if permission is None:
                continue
            answer = door.send(method, door.filled(path), key, body_of(method))
            assert is_refused(answer) == (permission != scope), f"{method} {path} with {scope}: {answer.text[:300]}"


def collections(door):
    """Ids of the other organization's things, by the path they are under."""
    found = {}
    for method, path, permission in door.endpoints:
        if method != "GET" or "{" in path or permission is None or not path.startswith("/api/v1/"):
            continue
        answer = door.send("GET", path, door.foreign)
        if answer.status_code == 200 and isinstance(answer.json().get("data"), list):
            # The built-in roles are everybody's, and have names in place of ids.
            ids = [item["id"] for item in answer.json()["data"] if len(item.get("id", "")) == 36]
            if ids:
                found[path] = ids[:3]
    return found


def test_another_organizations_things_are_not_there(door):
    things = collections(door)
    assert {"/api/v1/keys", "/api/v1/providers"} <= set(things), things.keys()
    before = {path: door.send("GET", path, door.foreign).text for path in things}
    tried = 0
    for method, path, permission in door.endpoints:
        base = path.split("/{")[0]
        if "{" not in path or base not in things or permission is None:
            continue
        for identifier in things[base]:
            answer = door.send(method, door.filled(path, [identifier]), door.witan.key, body_of(method))
            nobodys = door.send(method, door.filled(path, [NOBODYS]), door.witan.key, body_of(method))
            tried += 1
            # 400: the body was read first, and says nothing of the thing.
            assert answer.status_code in (400, 403, 404, 405), f"{method} {path}: {answer.status_code} {answer.text}"
            assert answer.status_code == nobodys.status_code
            assert answer.text.replace(identifier, "") == nobodys.text.replace(NOBODYS, ""), f"{method} {path}"
    assert tried > 10
    after = {path: door.send("GET", path, door.foreign).text for path in things}
    for path in things:
        assert ids(before[path]) == ids(after[path]), path


def ids(text):
    return [item["id"] for item in json.loads(text)["data"] if len(item.get("id", "")) == 36]


def test_lists_of_two_organizations_have_nothing_in_common(door):
    for path in collections(door):
        mine = door.send("GET", path, door.witan.key)
        theirs = door.send("GET", path, door.foreign)
        if mine.status_code != 200 or path == "/api/v1/organizations":
            continue
        assert not set(ids(mine.text)) & set(ids(theirs.text)), path
