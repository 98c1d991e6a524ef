# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and Redis going away under a running server."""

import concurrent.futures
import contextlib
import os
import pathlib
import signal
import time

import pytest

from harness import error_of, is_alive, wait_for


@contextlib.contextmanager
def stopped(process_ids):
    """These processes stand still for the length of the block."""
    for process_id in process_ids:
        os.kill(process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        for process_id in process_ids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGCONT)


def children(process_id):
    """The process and its children."""
    found = [process_id]
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == process_id:
                found.append(int(path.parent.name))
    return found


@pytest.fixture
def programs(tmp_path_factory):
    """A folder of links to PostgreSQL's programs, from which one can be taken away."""
    real = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = pathlib.Path(f"/tmp/witan-e2e-programs-{os.getpid()}")
    folder.mkdir(mode=0o755)
    for program in real.iterdir():
        (folder / program.name).symlink_to(program)
    yield folder
    for link in folder.iterdir():
        link.unlink()
    folder.rmdir()


def is_postgres_ready(witan):
    with contextlib.suppress(FileNotFoundError, IndexError):
        lines = (witan.data / "postgres/postmaster.pid").read_text().split("\n")
        return is_alive(int(lines[0])) and lines[7].strip() == "ready"
    return False


@pytest.mark.slow
def test_without_postgresql_calls_are_refused_before_they_go_upstream(new_witan, own_mock, programs):
    witan = new_witan(env={"WITAN_POSTGRES_PROGRAMS": str(programs)})
    witan.provider("mock", own_mock.url, "mock")
    assert witan.chat("mock/mock").status_code == 200
    before, key = own_mock.count(), witan.key
    (programs / "postgres").rename(programs / "postgres.away")
    os.kill(witan.postgres_pid(), signal.SIGKILL)
    wait_for(lambda: not witan.is_ready(), 5, "an unready server")
    refused = []
    for _ in range(20):
        answer = witan.chat("mock/mock")
        assert answer.status_code == 503, answer.text
        assert error_of(answer)["code"] == "store_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        refused.append(answer.headers["x-request-id"])
    assert own_mock.count() == before
    # Reading goes on from memory, and management says what is wrong instead of hanging.
    with witan.http(key) as client:
        assert client.get("/v1/models").status_code == 200
        started = time.monotonic()
        answer = client.get("/api/v1/keys")
        assert answer.status_code == 503, answer.text
        assert time.monotonic() - started < 10
        assert client.get("/healthz").status_code == 200
        status = client.get("/api/v1/status")
        assert status.status_code == 200 and status.json()["degraded"]
    (programs / "postgres.away").rename(programs / "postgres")
    wait_for(lambda: is_postgres_ready(witan), 40, "PostgreSQL's return")
    returned = time.monotonic()
    wait_for(lambda: witan.chat("mock/mock").status_code == 200, 10, "the first call after the return")
    assert time.monotonic() - returned < 2.5, "recovery took longer than 2 s"
    assert not set(refused) & set(witan.newest())
    assert own_mock.count() == len(witan.newest())
    witan.verify_audit()


def test_a_killed_postgresql_comes_back_by_itself(new_witan, own_mock):
    witan = new_witan()
    witan.provider("mock", own_mock.url, "mock")
    old = witan.postgres_pid()
    os.kill(old, signal.SIGKILL)
    statuses = set()

    def answers():
        statuses.add(witan.chat("mock/mock").status_code)
        return 200 in statuses and witan.postgres_pid() not in (None, old)
    wait_for(answers, 20, "an answer after the kill")
    wait_for(lambda: witan.chat("mock/mock").status_code == 200, 5)
    assert statuses <= {200, 503}
    assert witan.process.poll() is None
    wait_for(lambda: own_mock.count() == len(witan.newest()), 5, "a record of each call that went upstream")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_whose_record_does_not_commit_is_withheld_and_recorded_once_later(new_witan, own_mock, stream):
    witan = new_witan(env={"WITAN_RECORD_TIMEOUT": "1s"})
    witan.provider("mock", own_mock.url, "mock")
    assert witan.chat("mock/mock", stream=stream).status_code == 200
    with stopped(children(witan.postgres_pid())):
        started = time.monotonic()
        answer = witan.chat("mock/mock", stream=stream)
        assert 0.8 < time.monotonic() - started < 8
        if stream:
            assert b"[DONE]" not in answer.content and b"record_unavailable" in answer.content
        else:
            assert answer.status_code == 503 and error_of(answer)["code"] == "record_unavailable"
            assert int(answer.headers["retry-after"]) >= 1
    call = answer.headers["x-request-id"]
    assert witan.record_later(call)["request"]["status"] == "completed"
    wait_for(witan.is_ready, 10)
    assert witan.chat("mock/mock").status_code == 200
    witan.record(call)
    assert len(witan.newest()) == own_mock.count()
    witan.restart()
    witan.record(call)
    assert not witan.newest("status = 'interrupted'")
    witan.verify_audit()


def test_calls_that_wait_for_their_record_do_not_pile_up_without_bound(new_witan, own_mock):
    witan = new_witan(env={"WITAN_RECORD_TIMEOUT": "1s", "WITAN_MAX_IN_FLIGHT": "8"})
    witan.provider("mock", own_mock.url, "mock")
    assert witan.chat("mock/mock").status_code == 200
    key = witan.key
    with stopped(children(witan.postgres_pid())):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: witan.chat("mock/mock", key=key), range(20)))
        assert {answer.status_code for answer in answers} == {503}
        assert all("retry-after" in answer.headers for answer in answers)
        assert own_mock.count() <= 1 + 8
    wait_for(lambda: witan.chat("mock/mock").status_code == 200, 10)
    wait_for(lambda: len(witan.newest()) == own_mock.count(), 10)


def test_nothing_fails_when_redis_is_killed_or_stands_still(new_witan):
    witan = new_witan()
    os.kill(witan.redis_pid(), signal.SIGKILL)
    for _ in range(20):
        assert witan.chat().status_code == 200
    made = witan.new_key()
    assert witan.chat(key=made["key"]).status_code == 200
    wait_for(lambda: witan.redis_pid() and is_alive(witan.redis_pid()), 10, "a new Redis")
    with stopped([witan.redis_pid()]):
        started = time.monotonic()
        for _ in range(20):
            assert witan.chat().status_code == 200
        assert time.monotonic() - started < 5, "calls wait for Redis"
        witan.api("DELETE", f"/api/v1/keys/{made['id']}")
        wait_for(lambda: witan.chat(key=made["key"]).status_code == 401, 1.5, "the refusal of a revoked key")
        assert witan.is_ready()
    assert witan.chat().status_code == 200
