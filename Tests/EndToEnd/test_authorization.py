# SPDX-License-Identifier: Apache-2.0
"""Every endpoint × every role × one's own and another organization, from the table that the server itself publishes.

What is not listed is refused: an endpoint that is new, or open, or whose permission changed, fails here until it is
looked at.
"""

import concurrent.futures
import re
import subprocess

import httpx
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
        self.http = httpx.Client(base_url=witan.url, timeout=30)
        wait_for(lambda: self.send("GET", "/api/v1/organization", self.foreign).status_code == 200, 10)
        self.endpoints = [
            (method.upper(), path, operation.get("x-permission"))
            for path, methods in self.send("GET", "/openapi.json", None).json()["paths"].items()
            for method, operation in methods.items()]
        self.guarded = [endpoint for endpoint in self.endpoints if endpoint[2] is not None]
        assert len(self.guarded) > 80, self.guarded
        self.keys = {role: self.key(role=role, name=role) for role in ROLES}

    def send(self, method, path, key):
        """One call, without a body that would do anything; places in the path hold an id that nothing has."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        body = {} if method in ("POST", "PATCH", "PUT") else None
        return self.http.request(method, re.sub(r"\{\w+\}", NOBODYS, path), json=body, headers=headers)

    def cells(self, keys):
        """Each guarded endpoint with each key, several at a time: the endpoint's name, its permission, the key's name,
        the answer."""
        tried = [(*endpoint, name) for name in keys for endpoint in self.guarded]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda cell: self.send(cell[0], cell[1], keys[cell[3]]), tried)
            for (method, path, permission, name), answer in zip(tried, answers, strict=True):
                yield f"{method} {path}", permission, name, answer

    def key(self, **fields):
        """Nobody's: a key of the operator whose the first key is would have the installation, too."""
        return self.witan.api("POST", "/api/v1/keys", {"owner": None} | fields)["key"]


@pytest.fixture(scope="module")
def door():
    with Witan() as witan:
        yield Door(witan.start())


def is_refused(answer):
    if answer.status_code != 403:
        return False
    body = answer.json()
    return (body.get("code") or body["error"]["code"]) == "permission_denied"


def told(answer):
    return f"{answer.status_code} {answer.text[:300]}"


def test_what_is_open_to_all_is_listed(door):
    found = {f"{method} {path}" for method, path, permission in door.endpoints if permission is None}
    assert found == OPEN


def test_without_a_credential_everything_else_is_refused(door):
    credentials = {"none": None, "unknown": "wtn_" + "A" * 43, "unsigned": "eyJhbGciOiJub25lIn0.e30."}
    for endpoint, _, name, answer in door.cells(credentials):
        assert answer.status_code == 401, f"{endpoint} with {name}: {told(answer)}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_listed_for_it_and_nothing_else(door, role):
    known = {permission for _, _, permission in door.guarded}
    allowed = known - NEVER_GRANTED if ROLES[role] is None else ROLES[role]
    for endpoint, permission, _, answer in door.cells({role: door.keys[role]}):
        name = f"{endpoint} as {role}: {told(answer)}"
        assert is_refused(answer) == (permission not in allowed), name
        assert answer.status_code not in (401, 500, 501, 503), name


def test_a_key_is_held_to_its_scopes_on_every_endpoint(door):
    scopes = {permission for _, _, permission in door.guarded} - NEVER_GRANTED
    keys = {scope: door.key(role="admin", name=scope, scopes=[scope]) for scope in sorted(scopes)}
    for endpoint, permission, scope, answer in door.cells(keys):
        assert is_refused(answer) == (permission != scope), f"{endpoint} with {scope}: {told(answer)}"


def ids(answer):
    """Ids of the things in a list. The built-in roles are everybody's, and have names in place of ids."""
    return [item["id"] for item in answer.json()["data"] if len(item.get("id", "")) == 36]


def collections(door, key):
    """The lists that a key sees, by their paths."""
    paths = [path for method, path, _ in door.guarded if (method, "{" in path) == ("GET", False)]
    found = {path: door.send("GET", path, key) for path in paths if path.startswith("/api/v1/")}
    return {
        path: answer for path, answer in found.items()
        if answer.status_code == 200 and isinstance(answer.json().get("data"), list)}


def test_another_organizations_things_are_not_there(door):
    things = {path: found for path, answer in collections(door, door.foreign).items() if (found := ids(answer))}
    assert {"/api/v1/keys", "/api/v1/providers"} <= set(things), things.keys()
    tried = 0
    for method, path, _ in door.guarded:
        base, place, rest = path.partition("/{")
        for identifier in things.get(base, [])[:3] if place else []:
            own = f"{base}/{identifier}{rest.partition('}')[2]}"
            answer, nobodys = door.send(method, own, door.witan.key), door.send(method, path, door.witan.key)
            tried += 1
            # 400: the body was read first, and says nothing of the thing.
            assert answer.status_code in (400, 403, 404), f"{method} {path}: {told(answer)}"
            assert answer.status_code == nobodys.status_code
            assert answer.text.replace(identifier, "") == nobodys.text.replace(NOBODYS, ""), f"{method} {path}"
    assert tried > 10
    after = collections(door, door.foreign)
    # Their own refused requests are written into their log; nobody else's acts are.
    del things["/api/v1/audit-entries"]
    assert things == {path: ids(after[path]) for path in things}


def test_lists_of_two_organizations_have_nothing_in_common(door):
    mine, theirs = collections(door, door.witan.key), collections(door, door.foreign)
    # The operator sees all organizations, and the other organization's administrator is none.
    assert set(mine) - set(theirs) == {"/api/v1/organizations"}
    for path in theirs:
        assert not set(ids(mine[path])) & set(ids(theirs[path])), path
