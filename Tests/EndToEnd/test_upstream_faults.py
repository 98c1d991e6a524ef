# SPDX-License-Identifier: Apache-2.0
"""An upstream that fails in every way it can: the documented error for the client, the truth in the ledger."""

import json
import os
import time

import pytest

from harness import Upstream, cost_of, data_lines, error_of, free_port, wait_for

STATUSES = [
    # upstream's status, ours, code, retry-after, x-should-retry
    ("400", 400, "invalid_request_error", None, None),
    ("401", 502, "upstream_authentication", None, "false"),
    ("403", 502, "upstream_authentication", None, "false"),
    ("404", 404, "invalid_request_error", None, None),
    ("408", 504, "upstream_timeout", None, None),
    ("429", 429, "rate_limit_exceeded", "1", None),
    ("500", 502, "upstream_error", None, None),
    ("503", 502, "upstream_error", None, None),
]


def check_failed(witan, answer, status, code, charged):
    """A failed call's answer and its record."""
    assert answer.status_code == status, answer.text
    assert error_of(answer)["code"] == code
    record = witan.record(answer)
    assert record["request"]["status"] == "failed" and record["request"]["http_status"] == status
    assert record["request"]["error_code"] == code
    assert record["audit"]["outcome"] == "failure"
    cost = record["cost"]
    assert cost["estimated"] is charged
    assert cost["cost"] == cost_of(cost["input_tokens"], cost["output_tokens"])
    assert (cost["cost"] > 0) is charged
    return record




@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("upstream_status, status, code, retry_after, should_retry", STATUSES)
def test_a_status_of_the_provider_becomes_the_documented_one(
    witan, stream, upstream_status, status, code, retry_after, should_retry
):
    answer = witan.chat(f"mock/mock-status-{upstream_status}", stream=stream)
    check_failed(witan, answer, status, code, charged=False)
    assert answer.headers.get("retry-after") == retry_after
    assert answer.headers.get("x-should-retry") == should_retry


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_port_is_unreachable_and_costs_nothing(new_provider, stream):
    witan = new_provider("refused", f"http://127.0.0.1:{free_port()}/v1", "m")
    answer = witan.chat("refused/m", stream=stream)
    check_failed(witan, answer, 502, "upstream_unreachable", charged=False)
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_hangs_is_given_up_after_its_time(new_provider, mock, stream):
    witan = new_provider("hanging", mock.url, "mock-hang", timeout_ms=400)
    started = time.monotonic()
    answer = witan.chat("hanging/mock-hang", stream=stream)
    assert 0.3 < time.monotonic() - started < 5
    check_failed(witan, answer, 504, "upstream_timeout", charged=True)


def test_an_answer_cut_in_the_middle_is_an_invalid_response(witan):
    check_failed(witan, witan.chat("mock/mock-cut"), 502, "upstream_invalid_response", charged=True)


def test_an_answer_that_is_no_json_is_an_invalid_response(witan):
    answer = witan.chat("mock/mock-garbage")
    check_failed(witan, answer, 502, "upstream_invalid_response", charged=True)
    assert "html" not in answer.text


def test_an_endless_answer_is_not_read_to_its_end(witan):
    answer = witan.chat("mock/mock-huge")
    check_failed(witan, answer, 502, "upstream_response_too_large", charged=True)
    status = (f"/proc/{witan.process.pid}/status")
    peak = next(int(line.split()[1]) for line in open(status) if line.startswith("VmHWM"))
    # A sanitizer keeps a shadow of the memory, and what was freed for a while.
    limit = 1_200_000 if os.environ.get("WITAN_SANITIZE") else 400_000
    assert peak < limit, f"the server grew to {peak} kB"


@pytest.mark.parametrize("model, code", [
    ("mock-cut", "upstream_invalid_response"), ("mock-garbage", "upstream_invalid_response"),
    ("mock-midstream", "server_error"), ("mock-huge", None),
])
def test_a_stream_that_breaks_ends_with_an_error_event_and_no_done(witan, model, code):
    answer = witan.chat(f"mock/{model}", stream=True)
    if answer.status_code != 200:
        error = error_of(answer)
    else:
        lines = data_lines(answer.content)
        assert b"[DONE]" not in lines
        errors = [json.loads(line)["error"] for line in lines if b'"error"' in line]
        assert len(errors) == 1, answer.text[-500:]
        error = errors[0]
    assert error["message"]
    record = witan.record(answer)
    assert record["request"]["status"] == "failed"
    assert record["cost"]["estimated"] is True and record["cost"]["cost"] > 0
    if code and model != "mock-midstream":
        assert record["request"]["error_code"] == code


def test_the_package_raises_on_an_error_in_mid_stream(witan):
    import openai
    stream = witan.sdk().chat.completions.create(
        model="mock/mock-midstream", messages=[{"role": "user", "content": "x"}], stream=True)
    with pytest.raises(openai.APIError) as caught:
        for _ in stream:
            pass
    assert "mock failure" in str(caught.value)


def test_a_stream_that_stops_without_its_mark_but_is_complete_is_completed(new_provider, upstream):
    def respond(handler, _body):
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
            {"index": 0, "delta": {"role": "assistant", "content": "All of it."}, "finish_reason": "stop"}]}
        Upstream.answer(handler, payload=b"data: " + json.dumps(chunk).encode() + b"\n\n",
                        content_type="text/event-stream")
    witan = new_provider("markless", upstream(respond).url, "m")
    answer = witan.chat("markless/m", stream=True)
    assert data_lines(answer.content)[-1] == b"[DONE]"
    record = witan.record(answer)
    assert record["request"]["status"] == "completed" and record["cost"]["estimated"] is True


def test_a_redirect_is_not_followed_with_the_key(new_provider, upstream):
    elsewhere = upstream()

    def respond(handler, _body):
        handler.send_response(307)
        handler.send_header("location", elsewhere.url.replace("127.0.0.1", "localhost") + "/chat/completions")
        handler.send_header("content-length", "0")
        handler.end_headers()
    witan = new_provider("moved", upstream(respond).url, "m", api_key="sk-upstream-secret")
    answer = witan.chat("moved/m")
    check_failed(witan, answer, 502, "upstream_error", charged=False)
    assert elsewhere.calls == []


def test_the_provider_gets_its_own_key_and_never_the_clients(new_provider, upstream):
    target = upstream()
    witan = new_provider("keyed", target.url, "m", api_key="sk-upstream-secret")
    assert witan.chat("keyed/m").status_code == 200
    headers = {name.lower(): value for name, value in target.calls[0][0].items()}
    assert headers["authorization"] == "Bearer sk-upstream-secret"
    assert witan.key not in json.dumps(headers)
    shown = witan.api("GET", "/api/v1/providers")
    assert "sk-upstream-secret" not in json.dumps(shown) and "cret" in json.dumps(shown)


@pytest.mark.parametrize("stream", [False, True])
def test_calls_that_failed_leave_nothing_in_flight(new_witan, mock, stream):
    witan = new_witan(env={"WITAN_MAX_IN_FLIGHT": "4"})
    models = ["mock", "mock-cut", "mock-garbage", "mock-midstream", "mock-status-500", "mock-chunks-200-gap-20"]
    witan.provider("mock", mock.url, *models)
    for turn in range(3):
        for model in models[1:-1]:
            witan.chat(f"mock/{model}", stream=stream)
        with witan.http() as client:
            body = {"model": f"mock/{models[-1]}", "stream": True, "messages": [{"role": "user", "content": "x"}]}
            with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                next(answer.iter_bytes())
    wait_for(lambda: len(witan.newest("status = 'cancelled'")) == 3, 10, "the records of the cancelled calls")
    for _ in range(8):
        assert witan.chat("mock/mock", stream=stream).status_code == 200


@pytest.fixture
def new_provider(witan):
    """Adds providers to the shared server for the length of a test."""
    made = []

    def make(*arguments, **fields):
        made.append(witan.provider(*arguments, **fields)["id"])
        return witan
    yield make
    for provider in made:
        witan.api("DELETE", f"/api/v1/providers/{provider}")
