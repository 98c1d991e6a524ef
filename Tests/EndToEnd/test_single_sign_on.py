# SPDX-License-Identifier: Apache-2.0
"""Single sign-on at a real identity provider (Canaille), by its own forms, as a browser and a program do it."""

import base64
import hashlib
import html.parser
import json
import os
import secrets
import subprocess
import urllib.parse

import httpx
import pytest

from harness import BINARY, ROOT, TLS, Witan, environment, free_port, wait_for

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-identity/bin/python").exists(),
    reason="Scripts/venv .venv-identity Tests/EndToEnd/requirements-identity.txt makes its environment")
BACK = "http://127.0.0.1:5555/signed-in"
PASSWORD = "correct horse battery staple"


class IdentityProvider:
    """Canaille, in a process of its own (identity_provider.py)."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [ROOT / ".venv-identity/bin/python", ROOT / "Tests/EndToEnd/identity_provider.py", str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"})
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, fields with their values, and the values of its named buttons."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action") or "", "fields": {}, "buttons": []})
        elif self.forms and attributes.get("name"):
            if tag == "button" or attributes.get("type") == "submit":
                self.forms[-1]["buttons"].append((attributes["name"], attributes.get("value", "")))
            elif tag == "input":
                self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")


class Browser:
    """Follows redirects and fills the provider's forms, until it would leave for the program's own address."""

    def __init__(self, name=None):
        self.http = httpx.Client(timeout=30, verify=TLS)
        self.name = name

    def go(self, url, back=BACK):
        """What the program at `back` would get."""
        answer = self.http.get(url)
        for _ in range(20):
            if answer.is_redirect:
                location = urllib.parse.urljoin(str(answer.url), answer.headers["location"])
                if location.startswith(back):
                    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
                answer = self.http.get(location)
                continue
            assert answer.status_code == 200, f"{answer.url} answered {answer.status_code}: {answer.text[:500]}"
            answer = self.submit(answer)
        raise AssertionError("no end of pages")

    def submit(self, page):
        forms = [form for form in Forms(page.text).forms if form["fields"] or form["buttons"]]
        wanted = {"login": self.name, "password": PASSWORD}
        for form in forms:
            fields = dict(form["fields"])
            if ("answer", "accept") in form["buttons"]:
                fields["answer"] = "accept"
            elif not wanted.keys() & fields.keys():
                continue
            fields |= {key: value for key, value in wanted.items() if key in fields}
            return self.http.post(urllib.parse.urljoin(str(page.url), form["action"]), data=fields)
        raise AssertionError(f"nothing to fill in on {page.url}: {page.text[:2000]}")


@pytest.fixture(scope="module")
def provider():
    provider = IdentityProvider()
    provider.tell("person", "ada", "ada@corp.example", PASSWORD)
    provider.tell("person", "grace", "grace@elsewhere.example", PASSWORD)
    provider.tell("person", "mallory", "mallory@corp.example", PASSWORD, False)
    provider.tell("group", "staff", "ada")
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def house(provider):
    with Witan() as server:
        server.env |= {"WITAN_PUBLIC_URL": server.url, "WITAN_SSO_PRIVATE_ISSUERS": "true"}
        yield server.start()


def register(server, provider, name, secret="s3cret &/+ä", **fields):
    """A provider in Witan, and Witan as a client there."""
    made = server.api("POST", "/api/v1/sso-providers", {
        "name": name, "issuer": provider.url, "client_id": name, "client_secret": secret,
        "scopes": ["openid", "email", "profile", "groups"], "group_claim": "groups",
        "role_mapping": {"staff": "developer", "leads": "manager"}, "allowed_domains": ["corp.example"]} | fields)
    method = "client_secret_basic" if secret else "none"
    provider.tell("client", name, secret or "", method, made["callback_url"])
    return made


def sign_in(server, made, browser):
    """What the program gets back: tokens, or the reason why there are none."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back = browser.go(made["start_url"] + "?" + urllib.parse.urlencode({
        "redirect_uri": BACK, "code_challenge": challenge, "code_challenge_method": "S256", "state": "mine"}))
    assert back["state"] == "mine"
    if "error" in back:
        return back["error_description"]
    answer = httpx.post(
        server.url + "/api/v1/sso/tokens", json={"code": back["code"], "code_verifier": verifier, "device": "pytest"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_sign_in_with_groups_and_rotated_keys(house, provider):
    made = register(house, provider, "corp")
    browser = Browser("ada")
    tokens = sign_in(house, made, browser)
    assert isinstance(tokens, dict), tokens
    assert tokens["role"] == "developer" and tokens["second_factor_setup_required"] is False
    sessions = house.api("GET", "/api/v1/sessions", key=tokens["access_token"])["data"]
    assert [(session["second_factor"], session["device"]["name"]) for session in sessions] == [("sso", "pytest")]

    # The provider knows the browser by now; other groups, other role, the same person, new keys.
    provider.tell("group", "leads", "ada")
    provider.tell("rotate", "second")

    def again():
        result = sign_in(house, made, browser)
        # Unknown keys are looked for at most every half minute.
        return result if isinstance(result, dict) else None
    renewed = wait_for(again, 60, "the new keys")
    assert renewed["role"] == "manager" and renewed["user"] == tokens["user"]
    # The role went up: the token of before is void on every node within a second.
    with house.http(tokens["access_token"]) as old:
        wait_for(lambda: old.get("/api/v1/sessions").status_code == 401, 5, "the end of the old token")


def test_a_public_client_has_no_secret_and_proves_itself_by_pkce_alone(house, provider):
    provider.tell("group", "leads")
    made = register(house, provider, "corp-public", secret=None)
    assert made["has_client_secret"] is False
    assert sign_in(house, made, Browser("ada"))["role"] == "developer"


def test_who_may_not_come_is_told_why(house, provider):
    made = register(house, provider, "strict")
    assert sign_in(house, made, Browser("grace")) == "sso_domain_not_allowed"
    assert sign_in(house, made, Browser("mallory")) == "sso_domain_not_allowed"
    house.api("PATCH", f"/api/v1/sso-providers/{made['id']}", {"allowed_domains": []}, status=400)
    house.api("PATCH", f"/api/v1/sso-providers/{made['id']}", {"allowed_domains": [], "default_role": "viewer"})
    assert sign_in(house, made, Browser("mallory")) == "sso_email_unverified"
    house.api("PATCH", f"/api/v1/sso-providers/{made['id']}", {"default_role": None})
    assert sign_in(house, made, Browser("grace")) == "sso_no_role"


def test_a_wrong_secret_and_a_stranger_as_issuer(house, provider):
    made = register(house, provider, "wrong")
    house.api("PATCH", f"/api/v1/sso-providers/{made['id']}", {"client_secret": "another"})
    assert sign_in(house, made, Browser("ada")) == "sso_code_refused"
    refused = house.api("POST", "/api/v1/sso-providers", {
        "name": "slash", "issuer": provider.url + "/", "client_id": "slash"}, status=422)
    assert refused["code"] == "sso_provider_unusable"
    wait_for(lambda: "of the issuer " + provider.url in house.log.read_text(), 5, "the cause, in the program's log")


def test_an_issuer_inside_is_not_gone_to_unless_that_is_set(provider):
    with Witan() as server:
        server.start()
        refused = server.api("POST", "/api/v1/sso-providers", {
            "name": "inside", "issuer": provider.url, "client_id": "inside"}, status=422)
        assert refused["code"] == "sso_provider_unusable" and "WITAN_SSO_PRIVATE_ISSUERS" in refused["detail"]
        named = server.api("POST", "/api/v1/sso-providers", {
            "name": "inside", "issuer": provider.url.replace("http://127.0.0.1", "https://localhost"),
            "client_id": "inside"}, status=422)
        assert named["detail"] == refused["detail"]
        wait_for(lambda: "must not be connected to" in server.log.read_text(), 5, "the cause, in the program's log")


def test_the_way_back_needs_the_browser_that_went(house, provider):
    made = register(house, provider, "browser")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"x" * 43).digest()).decode().rstrip("=")
    query = urllib.parse.urlencode({
        "redirect_uri": BACK, "code_challenge": challenge, "code_challenge_method": "S256"})
    away = httpx.get(made["start_url"] + "?" + query)
    assert away.status_code == 302 and away.headers["location"].startswith(provider.url + "/oauth/authorize?")
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away.headers["location"]).query))["state"]
    stolen = httpx.get(made["callback_url"], params={"code": "x", "state": state, "iss": provider.url})
    assert stolen.status_code == 400 and stolen.json()["code"] == "sso_state_invalid"


def signing_in(server, *arguments):
    """The command that waits for a browser, the address that it shows, and the one that it waits at."""
    command = subprocess.Popen(
        [BINARY, "sso", "sign-in", *arguments, "--url", server.url], env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = next(line.strip() for line in command.stderr if "/start?" in line)
    return command, address, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))["redirect_uri"]


def test_the_command_line_adds_a_provider_and_signs_in(house, provider):
    def run(*arguments, code=0, **options):
        result = house.cli("sso", *arguments, **options)
        assert result.returncode == code, result.stderr
        return result.stdout + result.stderr
    made = json.loads(run(
        "create", "By command", "--issuer", provider.url, "--client-id", "cli", "--secret", "--domain",
        "corp.example", "--group-claim", "groups", "--scope", "openid", "--scope", "email", "--scope", "groups",
        "--role", "staff=developer", "--default-role", "none", "--json", typed="s3cret-of-cli\n"))
    assert made["default_role"] is None and made["role_mapping"] == {"staff": "developer"}
    provider.tell("client", "cli", "s3cret-of-cli", "client_secret_basic", made["callback_url"])
    provider.tell("group", "staff", "ada")

    signing, address, back = signing_in(house, made["id"], "--device", "terminal", "--json")
    fields = Browser("ada").go(address, back)
    assert httpx.get(back, params=fields | {"state": "another"}).status_code == 404
    assert "close this page" in httpx.get(back, params=fields).text
    out, errors = signing.communicate(timeout=60)
    assert signing.returncode == 0, errors
    assert json.loads(out)["role"] == "developer"

    refused, address, back = signing_in(house, made["id"])
    httpx.get(back, params=Browser("grace").go(address, back))
    _, errors = refused.communicate(timeout=60)
    assert refused.returncode == 1 and "sso_domain_not_allowed" in errors

    assert json.loads(run("update", made["id"], "--active", "false", "--json"))["is_active"] is False
    assert "By command" in run("list") and "By command" in run("show", made["id"])
    run("retire", made["id"])
    assert "By command" not in run("list") and "no " in run("show", made["id"], code=1).lower()


def test_secrets_are_nowhere(house, provider):
    made = register(house, provider, "secretive", secret="s3cret-of-mine")
    assert made["has_client_secret"] is True and isinstance(sign_in(house, made, Browser("ada")), dict)
    listed = house.api("GET", "/api/v1/sso-providers")
    assert "secretive" in json.dumps(listed)
    for text in (house.log.read_text(), json.dumps([made, listed]), house.dump()):
        assert "s3cret" not in text
