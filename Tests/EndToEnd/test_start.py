# SPDX-License-Identifier: Apache-2.0
"""Starts that cannot succeed say why in a sentence and damage nothing; stops lose nothing."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import BINARY, Witan, environment, is_alive, wait_for

IS_ROOT = os.geteuid() == 0


def fails(witan, code, *words, arguments=(), env=None):
    """Runs `serve`, which must end by itself with `code` and one message that has these words."""
    settings = {"WITAN_DATA_DIR": str(witan.data), "WITAN_LISTEN": f"127.0.0.1:{witan.port}"}
    run = subprocess.run(
        [*witan.prefix, str(BINARY), "serve", *arguments], capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, env=environment(settings | witan.env | (env or {})))
    assert run.returncode == code, (run.returncode, run.stdout, run.stderr)
    message = "\n".join(line for line in run.stderr.splitlines() if not line.startswith("{"))
    for word in words:
        assert word in message, f"no “{word}” in: {message}"
    assert "Fatal" not in run.stderr and " at /" not in run.stderr, "a crash and not a message"
    assert len(message.splitlines()) <= 3 + len(words), message
    assert not witan.private_servers(), "private servers were left running"
    return message


@contextlib.contextmanager
def listener(port):
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        busy.bind(("127.0.0.1", port))
        busy.listen()
        yield


def test_a_busy_port_at_the_first_start_does_not_cost_the_first_key(new_witan):
    witan = new_witan(start=False)
    with listener(witan.port):
        fails(witan, 1, str(witan.port))
    witan.start()
    assert witan.chat().status_code == 200


def test_a_kill_at_any_moment_of_the_first_start_leaves_a_directory_that_starts(new_witan):
    for wait in (0.2, 0.8, 1.6, 2.4):
        witan = new_witan(start=False)
        witan.launch()
        time.sleep(wait)
        witan.kill()
        witan.start()
        assert witan.chat().status_code == 200
        witan.remove()


def test_a_busy_port_later_leaves_everything_as_it_was(new_witan):
    witan = new_witan()
    call = witan.chat().headers["x-request-id"]
    witan.stop()
    with listener(witan.port):
        fails(witan, 1, str(witan.port))
    witan.start()
    witan.record(call)


def test_a_second_server_on_the_same_directory_is_refused_and_the_first_goes_on(new_witan):
    witan = new_witan()
    second = Witan(directory=witan.home)
    run = subprocess.run(
        [str(BINARY), "serve"], capture_output=True, text=True, timeout=30,
        env=environment({"WITAN_DATA_DIR": str(witan.data), "WITAN_LISTEN": f"127.0.0.1:{second.port}"}))
    assert run.returncode == 1 and str(witan.process.pid) in run.stderr and "in use" in run.stderr
    assert witan.chat().status_code == 200


def test_a_foreign_directory_is_not_touched(new_witan):
    witan = new_witan(start=False)
    witan.data.mkdir()
    (witan.data / "thesis.txt").write_text("years of work")
    fails(witan, 1, str(witan.data))
    assert [path.name for path in witan.data.iterdir()] == ["thesis.txt"]
    assert (witan.data / "thesis.txt").read_text() == "years of work"


def test_a_file_in_place_of_the_directory_is_not_touched(new_witan):
    witan = new_witan(start=False)
    witan.data.write_text("a file")
    fails(witan, 1, "not a directory")
    assert witan.data.read_text() == "a file"


def test_a_directory_that_cannot_be_written_is_said_to_be_so(new_witan):
    witan = new_witan(start=False, prefix=as_user("nobody"))
    witan.data = witan.home / "closed" / "data"
    witan.data.parent.mkdir(mode=0o555)
    fails(witan, 1, str(witan.data))


def test_a_path_that_is_too_long_for_a_socket_works_all_the_same(new_witan):
    witan = new_witan(start=False)
    witan.data = witan.home / ("long" * 20) / ("path" * 20) / "data"
    witan.data.parent.mkdir(parents=True)
    for path in (witan.data.parent, witan.data.parent.parent):
        path.chmod(0o755)
    witan.start()
    assert witan.chat().status_code == 200
    call = witan.chat().headers["x-request-id"]
    witan.restart()
    witan.record(call)


def test_missing_postgresql_programs_are_named_with_the_remedy(new_witan):
    witan = new_witan(start=False)
    fails(witan, 1, "/nonexistent", "apt install", env={"WITAN_POSTGRES_PROGRAMS": "/nonexistent"})
    witan.start()
    assert witan.chat().status_code == 200


def test_a_wrong_master_key_is_refused_and_the_right_one_still_works(new_witan):
    witan = new_witan()
    witan.stop()
    right = (witan.data / "master.key").read_bytes()
    (witan.data / "master.key").unlink()
    fails(witan, 1, "master key")
    (witan.data / "master.key").unlink(missing_ok=True)
    (witan.data / "master.key").write_bytes(b"nonsense")
    (witan.data / "master.key").chmod(0o600)
    fails(witan, 1, "master.key")
    (witan.data / "master.key").write_bytes(right)
    (witan.data / "master.key").chmod(0o644)
    fails(witan, 1, "master.key")
    (witan.data / "master.key").chmod(0o600)
    witan.start()
    assert witan.chat().status_code == 200


def test_an_unknown_setting_is_an_error_of_usage(new_witan):
    witan = new_witan(start=False)
    fails(witan, 2, "WITAN_LISTNE", "witan settings", env={"WITAN_LISTNE": "127.0.0.1:1"})
    assert not witan.data.exists()


def test_all_wrong_settings_are_said_at_once(new_witan):
    witan = new_witan(start=False)
    fails(
        witan, 2, "WITAN_LOOPS", "WITAN_IDLE_TIMEOUT", "WITAN_LOG_LEVEL", "WITAN_TLS_KEY_FILE", "WITAN_NONSENSE",
        env={"WITAN_LOOPS": "many", "WITAN_IDLE_TIMEOUT": "soon", "WITAN_LOG_LEVEL": "loud",
             "WITAN_TLS_CERTIFICATE_FILE": "/a", "WITAN_NONSENSE": "1"})
    assert not witan.data.exists()


def test_a_wrong_address_is_said_before_anything_is_made(new_witan):
    witan = new_witan(start=False)
    for address in ("127.0.0.1", "127.0.0.1:notaport", "127.0.0.1:70000", "no.such.host:80"):
        fails(witan, 2, address, arguments=["--listen", address])
    assert not witan.data.exists()


def test_an_address_of_another_machine_is_said(new_witan):
    witan = new_witan(start=False)
    fails(witan, 1, "192.0.2.1", arguments=["--listen", "192.0.2.1:8080"])


def test_a_postgresql_that_is_not_there_is_unreachable(new_witan):
    witan = new_witan(start=False)
    fails(witan, 10, "PostgreSQL", env={"DATABASE_URL": "postgresql://witan@127.0.0.1:1/witan"})


def test_the_settings_file_is_read_and_the_environment_goes_first(new_witan):
    witan = new_witan(start=False)
    file = witan.home / "witan.conf"
    file.write_text(f"# comment\n\nWITAN_DATA_DIR={witan.home}/elsewhere\nWITAN_MAX_BODY_BYTES=2048\n")
    witan.launch("--config", str(file))
    wait_for(witan.is_ready_or_dead, 30)
    assert witan.chat(content="x" * 3000).status_code == 413
    assert not (witan.home / "elsewhere").exists()


# Stops

def test_sigterm_lets_a_call_finish_and_turns_new_ones_away(new_witan):
    witan = new_witan()
    key, answers = witan.key, []
    caller = threading.Thread(target=lambda: answers.append(witan.chat("sandbox/slow?ms=2500", key=key)))
    with witan.http() as kept:
        assert kept.get("/readyz").status_code == 200
        caller.start()
        time.sleep(0.5)
        servers = witan.private_servers()
        assert len(servers) == 2
        witan.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert not witan.is_ready()
        caller.join(10)
    assert answers and answers[0].status_code == 200
    assert witan.process.wait(15) == 0
    assert not any(map(is_alive, servers)), "private servers outlived the program"
    witan.start()
    witan.record(answers[0])


def test_readyz_is_false_while_draining(new_witan):
    witan = new_witan()
    key = witan.key
    with witan.http() as kept:
        assert kept.get("/readyz").json()["ready"] is True
        caller = threading.Thread(target=witan.chat, args=("sandbox/slow?ms=2000",), kwargs={"key": key})
        caller.start()
        time.sleep(0.4)
        witan.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        with contextlib.suppress(Exception):
            answer = kept.get("/readyz")
            assert answer.status_code == 503 and answer.json()["ready"] is False
        caller.join(10)
    assert witan.process.wait(15) == 0


def test_a_stream_in_flight_finishes_during_the_drain(new_witan, mock):
    witan = new_witan()
    witan.provider("mock", mock.url, "mock-chunks-40-gap-50")
    body = {"model": "mock/mock-chunks-40-gap-50", "stream": True, "messages": [{"role": "user", "content": "x"}]}
    with witan.http() as client, client.stream("POST", "/v1/chat/completions", json=body) as answer:
        call = answer.headers["x-request-id"]
        witan.process.send_signal(signal.SIGTERM)
        assert answer.read().endswith(b"data: [DONE]\n\n")
    assert witan.process.wait(15) == 0
    witan.start()
    assert witan.record(call)["request"]["status"] == "completed"


def test_a_drain_has_an_end(new_witan):
    witan = new_witan(env={"WITAN_DRAIN_TIMEOUT": "1s"})
    key = witan.key

    def call():
        with contextlib.suppress(Exception):
            witan.chat("sandbox/slow?ms=30000", key=key)
    threading.Thread(target=call, daemon=True).start()
    time.sleep(2)  # Nothing tells from outside that a call is under way, and a busy machine takes its time.
    started = time.monotonic()
    witan.stop()
    assert time.monotonic() - started < 15
    witan.start()
    rows = witan.psql("SELECT status FROM council.requests")
    assert len(rows) == 1 and rows[0]["status"] in ("cancelled", "interrupted"), rows


def test_the_first_start_prints_a_key_once_and_a_call_that_works_as_printed(new_witan):
    witan = new_witan()
    printed = witan.log.read_text()
    assert witan.key in printed and (witan.data / "admin.key").stat().st_mode & 0o777 == 0o600
    lines = printed.splitlines()
    start = next(number for number, line in enumerate(lines) if line.strip().startswith("curl "))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    run = subprocess.run(
        "\n".join(lines[start:end + 1]).strip().replace("curl ", "curl -s ", 1), shell=True, capture_output=True,
        text=True, timeout=30)
    assert run.returncode == 0 and "Hello, council." in run.stdout, run
    witan.restart()
    assert witan.log.read_text().count(witan.key) == printed.count(witan.key)


# Other users

def as_user(name):
    """The words before a command that make it another user's."""
    if not IS_ROOT:
        pytest.skip("only root can be another user")
    user = pwd.getpwnam(name)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


@pytest.fixture
def readable_binary():
    """A copy that every user can run, wherever the build is."""
    folder = pathlib.Path(f"/tmp/witan-e2e-binary-{os.getpid()}")
    folder.mkdir(mode=0o755)
    shutil.copy(BINARY, folder / "witan")
    (folder / "witan").chmod(0o755)
    yield folder / "witan"
    shutil.rmtree(folder)


def test_it_runs_as_an_ordinary_user(new_witan, readable_binary, monkeypatch):
    import harness
    monkeypatch.setattr(harness, "BINARY", readable_binary)
    witan = new_witan(start=False, prefix=as_user("nobody"), env={"HOME": "/nonexistent"})
    shutil.chown(witan.home, "nobody")
    witan.start()
    answer = witan.chat()
    assert answer.status_code == 200
    owners = {path.stat().st_uid for path in witan.data.iterdir()}
    assert owners == {pwd.getpwnam("nobody").pw_uid}
    with witan.http() as client:
        assert client.get("/api/v1/keys").status_code == 200
    assert witan.stop() == 0
    assert not witan.private_servers()
