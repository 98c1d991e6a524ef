# SPDX-License-Identifier: Apache-2.0
"""E-mail: `witan mail test` against a real mail server, and the terminal in its place."""

import json
import subprocess

import pytest

from harness import BINARY, MailServer, environment

FROM = "Witan <witan@example.com>"


def mail_test(*arguments, **settings):
    return subprocess.run(
        [BINARY, "mail", "test", *arguments], env=environment(settings), capture_output=True, text=True, timeout=60)


@pytest.fixture
def mail_server():
    made = []

    def make(**options):
        made.append(MailServer(**options))
        return made[-1]
    yield make
    for server in made:
        server.stop()


def test_a_mail_server_takes_the_test_message(mail_server):
    server = mail_server(user="ada", password="s3cret/word")
    result = mail_test(
        "Ada <ada@example.org>", "--json", WITAN_SMTP_URL=f"smtp://ada:s3cret%2Fword@127.0.0.1:{server.port}",
        WITAN_SMTP_CA_FILE=str(server.certificate), WITAN_MAIL_FROM=FROM, WITAN_PUBLIC_URL="https://witan.example.com")
    assert result.returncode == 0, result.stderr
    message, = server.messages()
    assert message["to"] == "Ada <ada@example.org>" and message["from"] == FROM
    assert message["message-id"] == f"<{json.loads(result.stdout)['message_id']}>"
    assert "https://witan.example.com" in message.get_content()


@pytest.mark.parametrize(("user", "address", "code", "sentence"), [
    ("ada:wrong", "ada@example.org", 1, "did not accept user and password"),
    ("ada:secret", "refused@example.org", 1, "refused the message, its sender or its recipient (550)"),
    ("ada:secret", "later@example.org", 10, "(451)"),
    ("ada:secret", "ada@example.org\r\nBcc: x@example.org", 1, "is no e-mail address"),
    ("ada:secret", "аda@example.org", 1, "in ASCII letters"),
])
def test_what_fails_says_so_and_shows_no_password(mail_server, user, address, code, sentence):
    server = mail_server(user="ada", password="secret")
    result = mail_test(
        address, WITAN_SMTP_URL=f"smtp://{user}@127.0.0.1:{server.port}", WITAN_MAIL_FROM=FROM,
        WITAN_SMTP_CA_FILE=str(server.certificate))
    assert result.returncode == code and sentence in result.stderr, result
    assert user.split(":")[1] not in result.stderr and server.messages() == []


def test_settings_that_cannot_work_are_errors():
    assert "needs WITAN_MAIL_FROM" in mail_test("a@b.c", WITAN_SMTP_URL="smtp://127.0.0.1").stderr
    for url in ("http://a.b", "smtp://u:hunter2@a.b?starttls=off"):
        result = mail_test("a@b.c", WITAN_SMTP_URL=url, WITAN_MAIL_FROM=FROM)
        assert result.returncode == 2 and "WITAN_SMTP_URL" in result.stderr and "hunter2" not in result.stderr
    for url in ("witan.example.com", "https://witan.example.com/", "https://a@b.c", "https://b.c?x"):
        result = mail_test("a@b.c", WITAN_PUBLIC_URL=url)
        assert result.returncode == 2 and "WITAN_PUBLIC_URL takes an address" in result.stderr


def test_without_a_mail_server_the_terminal_shows_the_message():
    result = mail_test("ada@example.org")
    assert result.returncode == 0
    assert "WITAN_SMTP_URL is not set" in result.stdout and "To: ada@example.org" in result.stdout
