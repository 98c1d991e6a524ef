# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged is kept, whatever dies under load, and what was in flight is accounted for."""

import os
import random
import signal
import time

import pytest

from harness import Load, wait_for

SERVER_ROUNDS = int(os.environ.get("E2E_SERVER_KILLS", "20"))
POSTGRES_ROUNDS = int(os.environ.get("E2E_POSTGRES_KILLS", "10"))
MODELS = ("mock", "mock-delay-50", "mock-chunks-3")


def check_everything(witan, loads, mock):
    """The journal of the clients against the three tables, and the tables against what the upstream counted."""
    acknowledged = [call for load in loads for call in load.acknowledged]
    withheld = [call for load in loads for call in load.withheld]
    cut = [call for load in loads for call in load.cut]
    odd = [answer for load in loads for answer in load.odd]
    assert not odd, odd[:3]
    assert len(acknowledged) == len(set(acknowledged)) > 100
    witan.check_recorded_once(acknowledged + withheld + cut)
    assert not any(witan.rows_of([call for load in loads for call in load.refused]))
    by_status = {}
    for row in witan.psql("SELECT id, status, model FROM council.requests"):
        by_status.setdefault(row["status"], {})[row["id"]] = row["model"]
    assert set(acknowledged) <= set(by_status["completed"])
    assert set(cut) <= set(by_status["completed"]) | set(by_status.get("interrupted", {})) | set(
        by_status.get("cancelled", {})), "a stream that was cut is none of completed, interrupted, cancelled"
    upstream = {
        status: sum(model.startswith("mock/") for model in calls.values()) for status, calls in by_status.items()
    }
    calls, interrupted = mock.count(), upstream.pop("interrupted", 0)
    assert sum(upstream.values()) <= calls <= sum(upstream.values()) + interrupted, (upstream, interrupted, calls)
    for table in ("providers.cost_records", "audits.audit_log"):
        condition = "category = 'gateway'" if "audit" in table else "true"
        rows = witan.psql(f"SELECT count(*) AS n FROM {table} WHERE {condition}")
        assert rows[0]["n"] == sum(map(len, by_status.values())), f"{table} differs from council.requests"
    witan.verify_audit()
    return by_status


@pytest.mark.slow
def test_no_acknowledged_call_is_lost_when_the_server_is_killed_under_load(new_witan, own_mock):
    witan = new_witan()
    witan.provider("mock", own_mock.url, *MODELS)
    loads = []
    for _ in range(SERVER_ROUNDS):
        with Load(witan) as load:
            loads.append(load)
            wait_for(lambda load=load: len(load.acknowledged) > 5, 20, "the first answers of a round")
            time.sleep(random.uniform(0.3, 1.0))
            witan.kill()
            load.stopping.set()
        witan.start()
    by_status = check_everything(witan, loads, own_mock)
    interrupted = by_status.get("interrupted", {})
    assert interrupted, "no call was in flight at any of the deaths, which is not to be believed"
    rows = witan.psql("SELECT r.http_status, r.error_code, c.estimated, c.cost, c.input_tokens FROM council.requests r"
                      " JOIN providers.cost_records c ON c.request_id = r.id WHERE r.status = 'interrupted'")
    assert all(row["estimated"] and row["http_status"] == 0 and row["error_code"] == "interrupted" for row in rows)
    assert all(row["input_tokens"] > 0 for row in rows)


@pytest.mark.slow
def test_no_acknowledged_call_is_lost_when_postgresql_is_killed_under_load(new_witan, own_mock):
    witan = new_witan()
    witan.provider("mock", own_mock.url, *MODELS)
    with Load(witan) as load:
        for _ in range(POSTGRES_ROUNDS):
            before = len(load.acknowledged)
            wait_for(lambda: len(load.acknowledged) > before + 20, 60, "answers after PostgreSQL came back")
            time.sleep(random.uniform(0.2, 0.8))
            os.kill(witan.postgres_pid(), signal.SIGKILL)
        before = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) > before + 20, 60, "answers after the last death")
    wait_for(witan.is_ready, 10)
    time.sleep(1)
    check_everything(witan, [load], own_mock)
    assert witan.process.poll() is None


@pytest.mark.slow
def test_no_acknowledged_call_is_lost_when_both_are_killed_at_once(new_witan, own_mock):
    witan = new_witan()
    witan.provider("mock", own_mock.url, *MODELS)
    loads = []
    for _ in range(3):
        with Load(witan) as load:
            loads.append(load)
            wait_for(lambda load=load: len(load.acknowledged) > 40, 20, "the first answers of a round")
            witan.process.kill()
            os.kill(witan.postgres_pid(), signal.SIGKILL)
            witan.process.wait(10)
            load.stopping.set()
        witan.start()
    check_everything(witan, loads, own_mock)


def test_a_long_call_in_flight_at_a_kill_is_closed_as_interrupted_with_its_estimate(new_witan, own_mock):
    witan = new_witan()
    witan.provider("mock", own_mock.url, "mock-chunks-200-gap-20")
    body = {"model": "mock/mock-chunks-200-gap-20", "stream": True, "max_tokens": 1000,
            "messages": [{"role": "user", "content": "x" * 400}]}
    with witan.http() as client, client.stream("POST", "/v1/chat/completions", json=body) as answer:
        call = answer.headers["x-request-id"]
        chunks = answer.iter_bytes()  # An iterator that nobody holds would close the connection before the kill.
        next(chunks)
        witan.kill()
    witan.start()
    record = witan.record(call)
    assert record["request"]["status"] == "interrupted" and record["request"]["stream"] is True
    assert record["cost"]["estimated"] is True and record["cost"]["output_tokens"] == 1000
    assert float(record["cost"]["cost"]) > 1000 * 0.60e-6
    assert record["audit"]["outcome"] == "failure"
    witan.restart()
    assert witan.record(call) == record
    witan.verify_audit()
