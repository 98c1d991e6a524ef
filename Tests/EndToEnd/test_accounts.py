# SPDX-License-Identifier: Apache-2.0
"""A person's own account over the wire and by the commands: passwords, mails, lockout, second factors.

Codes come from somebody else's authenticator (pyotp) and QR codes are read by somebody else's reader (zxing-cpp).
"""

import io
import re
import subprocess
import time
import uuid

import httpx
import PIL.Image
import pyotp
import pytest
import resvg_py
import zxingcpp

from harness import BINARY, TLS, Witan, environment, wait_for

PASSWORD = "drei Hunde im Regen"
NEW_PASSWORD = "vier Katzen im Schnee"


@pytest.fixture(scope="module")
def witan(mail):
    with Witan(env=mail.settings | {"WITAN_ARGON2_MEMORY": "8", "WITAN_LOG_LEVEL": "trace"}) as server:
        yield server.start()


class Person:
    """Somebody with an address of their own, made as an administrator's act would."""

    def __init__(self, witan, mail, role="developer"):
        self.witan, self.mail = witan, mail
        self.id, self.email = str(uuid.uuid4()), f"{uuid.uuid4().hex}@example.org"
        organization = witan.api("GET", "/api/v1/organization")["id"]
        witan.execute(f"""
            INSERT INTO auth.users (id, email, name) VALUES ('{self.id}', '{self.email}', 'Ada');
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('{organization}', '{self.id}', '{role}')""")

    def reset_token(self):
        """The token of the mail that comes when this person forgot the password."""
        answer, message = self.mail.next_message(
            lambda: post(self.witan, "/api/v1/password-resets", {"email": self.email}))
        assert answer.status_code == 202 and message["to"] == self.email
        return re.search(r"wtp_[A-Za-z0-9_-]{43}", message.get_content()).group()

    def with_password(self, password=PASSWORD):
        body = {"token": self.reset_token(), "new_password": password}
        assert post(self.witan, "/api/v1/password-resets/confirm", body).status_code == 204
        return self

    def sign_in(self, password=PASSWORD, **fields):
        return post(self.witan, "/api/v1/sessions", {"email": self.email, "password": password} | fields)

    def token(self, **fields):
        answer = self.sign_in(**fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["access_token"]

    def enroll(self, token):
        """Sets an authenticator up; it and the recovery codes."""
        begun = self.witan.api("POST", "/api/v1/account/second-factor", {"password": PASSWORD}, key=token)
        totp = pyotp.TOTP(begun["secret"])
        answer = self.witan.api(
            "POST", "/api/v1/account/second-factor/confirm", {"code": totp.now()}, status=200, key=token)
        return totp, answer["recovery_codes"]


def post(witan, path, body):
    return httpx.post(witan.url + path, json=body, timeout=30, verify=TLS)


def ends(witan, token):
    """Waits until a token counts no more."""
    with witan.http(token) as client:
        wait_for(lambda: client.get("/api/v1/sessions").status_code == 401, 5, "the end of the session")


def next_code(totp):
    """A code that was not used yet: that of the step after the last, which is good already."""
    return totp.at(time.time() + 30)


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def read_picture(picture):
    """The text of the QR code in a picture, seen as it is: neither inverted nor turned."""
    found = zxingcpp.read_barcodes(picture.convert("L"), try_invert=False, try_rotate=False)
    assert len(found) == 1
    return found[0].text


def picture_of_terminal(text):
    """What a terminal shows of half blocks that are black on white, four pixels a module."""
    shown = {"█": (0, 0), "▀": (0, 255), "▄": (255, 0), " ": (255, 255)}
    rows = [line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m") for line in text.split("\n")]
    picture = PIL.Image.new("L", (len(rows[0]), 2 * len(rows)))
    for line, row in enumerate(rows):
        for column, block in enumerate(row):
            for half in (0, 1):
                picture.putpixel((column, 2 * line + half), shown[block][half])
    return picture.resize((4 * picture.width, 4 * picture.height), PIL.Image.Resampling.NEAREST)


def test_a_forgotten_password_is_set_by_mail_once(witan, mail):
    person = Person(witan, mail).with_password()
    first = person.token()
    token = person.reset_token()
    confirm = {"token": token, "new_password": NEW_PASSWORD}
    refused(post(witan, "/api/v1/password-resets/confirm", confirm | {"new_password": "password1234"}), 400,
            "weak_password")
    run = witan.cli("account", "reset-password", key="", typed=f"{token}\n{NEW_PASSWORD}\n")
    assert run.returncode == 0 and "signed out" in run.stdout, run.stderr
    refused(post(witan, "/api/v1/password-resets/confirm", confirm), 400, "invalid_reset_token")
    refused(person.sign_in(), 401, "invalid_credentials")
    ends(witan, first)
    assert person.sign_in(NEW_PASSWORD).status_code == 201


def test_nobodys_address_is_answered_like_any_other_and_gets_no_mail(witan, mail):
    before = len(mail.messages())
    answers = {
        (answer.status_code, answer.text) for answer in (
            post(witan, "/api/v1/password-resets", {"email": address})
            for address in ("nobody@example.org", "no address", "", Person(witan, mail).email))
    }
    assert len(answers) == 1 and answers.pop()[0] == 202
    wait_for(lambda: len(mail.messages()) > before, 15, "the one mail")
    assert len(mail.messages()) == before + 1


def test_a_code_from_an_authenticator_is_asked_for_and_good_once(witan, mail):
    person = Person(witan, mail).with_password()
    totp, codes = person.enroll(person.token())
    assert len(set(codes)) == 10
    refused(person.sign_in(), 401, "second_factor_required")
    refused(person.sign_in(code="000000" if totp.now() != "000000" else "000001"), 403, "invalid_code")
    code = next_code(totp)
    assert person.sign_in(code=code).status_code == 201
    refused(person.sign_in(code=code), 403, "invalid_code")
    assert person.sign_in(recovery_code=codes[0]).status_code == 201
    refused(person.sign_in(recovery_code=codes[0]), 403, "invalid_code")
    refused(person.sign_in(code=code, recovery_code=codes[1]), 400, "invalid_value")


def test_the_qr_codes_of_terminal_and_picture_are_read(witan, mail):
    person = Person(witan, mail).with_password()
    token = person.token()
    begun = witan.api("POST", "/api/v1/account/second-factor", {"password": PASSWORD}, key=token)
    picture = PIL.Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=begun["qr_code_svg"]))))
    assert read_picture(picture) == begun["uri"]
    assert pyotp.parse_uri(begun["uri"]).secret == begun["secret"]

    run = subprocess.Popen(
        [BINARY, "account", "second-factor", "setup"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment({"WITAN_URL": witan.url, "WITAN_API_KEY": token}))
    run.stdin.write(f"{PASSWORD}\n")
    run.stdin.flush()
    lines = [run.stdout.readline().rstrip("\n") for _ in range(2)]
    while not re.fullmatch(r"[A-Z2-7]{32}", lines[-1]):
        lines.append(run.stdout.readline().rstrip("\n"))
        assert len(lines) < 100, lines
    shown = "\n".join(line for line in lines if line.startswith("\x1b"))
    totp = pyotp.parse_uri(read_picture(picture_of_terminal(shown)))
    assert totp.secret == lines[-1] and totp.issuer == "Witan" and totp.name == person.email
    out, error = run.communicate(totp.now() + "\n", timeout=30)
    assert run.returncode == 0 and len(re.findall(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", out)) == 10, error

    signed_in = witan.cli(
        "sessions", "create", person.email, "--json", key="", typed=f"{PASSWORD}\n{next_code(totp)}\n")
    assert signed_in.returncode == 0 and '"access_token"' in signed_in.stdout, signed_in.stderr


def test_who_must_have_a_second_factor_may_set_one_up_and_nothing_else(witan, mail):
    person = Person(witan, mail).with_password()
    witan.api("PATCH", "/api/v1/organization", {"require_two_factor": True})
    answer = person.sign_in().json()
    assert answer["second_factor_setup_required"] is True and answer["scope"] == "account.manage"
    witan.api("GET", "/v1/models", key=answer["access_token"], status=403)
    person.enroll(answer["access_token"])
    renewed = post(witan, "/api/v1/sessions/refresh", {"refresh_token": answer["refresh_token"]}).json()
    assert renewed["second_factor_setup_required"] is False
    witan.api("GET", "/v1/models", key=renewed["access_token"])
    witan.api("PATCH", "/api/v1/organization", {"require_two_factor": False})


def test_an_administrator_takes_a_lost_second_factor_away(witan, mail):
    person, other = Person(witan, mail).with_password(), Person(witan, mail).with_password()
    token = person.token()
    person.enroll(token)
    refused(person.sign_in(), 401, "second_factor_required")
    run = witan.cli("users", "reset-second-factor", person.id, key=other.token())
    assert run.returncode == 1 and "needs the permission" in run.stderr, run.stderr
    refused(person.sign_in(), 401, "second_factor_required")
    run = witan.cli("users", "reset-second-factor", person.id)
    assert run.returncode == 0 and run.stdout == "The second factor is off.\n", run.stderr
    ends(witan, token)
    assert person.sign_in().status_code == 201


def test_ten_wrong_passwords_lock_alike_whether_or_not_there_is_such_an_account(witan, mail):
    person = Person(witan, mail)
    shapes = []
    # Each account is new here, and the place would be locked with the first: it is let go in between.
    for address in (person.email, "nobody@example.org"):
        body = {"email": address, "password": "not the password"}
        answers = [post(witan, "/api/v1/sessions", body) for _ in range(11)]
        for answer in answers[:10]:
            refused(answer, 401, "invalid_credentials")
        refused(answers[10], 429, "sign_in_locked")
        assert 1 <= int(answers[10].headers["retry-after"]) <= 60
        shapes.append([(answer.status_code, answer.json()["detail"]) for answer in answers])
        witan.execute("UPDATE auth.lockouts SET failures = 0 WHERE kind = 'network'")
    assert shapes[0] == shapes[1]
    # What concerns her is in the log of her organization; of nobody the program's log tells, without the address.
    entries = witan.api("GET", "/api/v1/audit-entries?limit=500&category=auth")["data"]
    about = ("session.refused", f"user:{person.id}")
    mine = [entry for entry in entries if (entry["action"], entry["entity"]) == about]
    reasons = [entry["payload"]["reason"] for entry in mine]
    assert reasons == ["locked"] + ["wrong password"] * 10 and all(entry["outcome"] == "failure" for entry in mine)
    log = witan.log.read_text(errors="replace")
    assert "refused what is nobody's" in log and "nobody@example.org" not in log
    # A mail opens it again, here and for this account.
    assert person.with_password().sign_in().status_code == 201


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), [
    ("POST", "/api/v1/sessions", {"email": "a@b.example", "password": "x" * (1 << 20)}, 400, "invalid_value"),
    ("POST", "/api/v1/sessions", {"email": "a@b.example", "password": "x" * 3000}, 400, "invalid_password"),
    ("POST", "/api/v1/sessions", {"email": "a@b.example", "password": "x", "cod": "1"}, 400, "invalid_value"),
    ("POST", "/api/v1/sessions", {"email": "a@b.example", "password": "x", "code": "1" * 100}, 400, "invalid_value"),
    ("POST", "/api/v1/password-resets", {"email": "a@b.example", "to": "eve@b.example"}, 400, "invalid_value"),
    ("POST", "/api/v1/password-resets/confirm", {"token": "wtp_x", "new_password": PASSWORD}, 400,
     "invalid_reset_token"),
    ("POST", "/api/v1/account/password", {"password": PASSWORD, "new_password": PASSWORD}, 401, "invalid_api_key"),
    ("POST", "/api/v1/account/second-factor", None, 401, "invalid_api_key"),
    ("DELETE", f"/api/v1/users/{uuid.uuid4()}/second-factor", None, 401, "invalid_api_key"),
])
def test_bad_input_is_named(witan, method, path, body, status, code):
    refused(httpx.request(method, witan.url + path, json=body, timeout=30), status, code)


def test_a_key_has_no_account(witan):
    with witan.http() as client:
        for path in ("/api/v1/account/second-factor", "/api/v1/account/password"):
            refused(client.post(path, json={}), 403, "permission_denied")


def test_nothing_secret_is_in_logs_and_database(witan, mail):
    person = Person(witan, mail).with_password()
    token = person.token()
    totp, codes = person.enroll(token)
    used = next_code(totp)
    person.token(code=used)
    refused(person.sign_in("a wrong password that must not be kept", code="135790"), 401, "invalid_credentials")
    body = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    witan.api("POST", "/api/v1/account/password", body, status=401, key="wtn_not-a-key")
    secrets = [PASSWORD, NEW_PASSWORD, "that must not be kept", totp.secret, token, *codes, *[
        code.replace("-", "") for code in codes]]
    dump = witan.dump()
    assert person.email in dump and "second_factor.enabled" in dump
    log = witan.log.read_text(errors="replace")
    for secret in secrets:
        assert secret not in dump and secret not in log
