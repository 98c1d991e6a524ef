# SPDX-License-Identifier: Apache-2.0
"""What is kept of each call: exact costs, digests, and no content unless the organization wants it kept."""

import hashlib
import json

import pytest

from harness import Upstream, cost_of, data_lines, wait_for

SECRET = "the-secret-words-of-the-prompt"


def body(model, **fields):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": SECRET}]} | fields).encode()


def send(witan, model, **fields):
    """A call as raw bytes: what was sent and the answer."""
    sent = body(model, **fields)
    with witan.http() as client:
        answer = client.post("/v1/chat/completions", content=sent, headers={"content-type": "application/json"})
    return sent, answer


def check_common(record, sent, answer=None):
    """What holds for every call, however it ended."""
    request, cost, audit = record["request"], record["cost"], record["audit"]
    assert request["total_cost"] == cost["cost"]
    assert request["request_sha256"] == "\\x" + hashlib.sha256(sent).hexdigest()
    assert request["request_content"] is None and request["response_content"] is None
    payload = audit["payload"]
    assert audit["category"] == "gateway" and audit["action"] == "model.called"
    assert audit["entity"] == f"request:{request['id']}" and audit["actor"] == f"key:{request['api_key_id']}"
    assert payload["status"] == request["status"] and payload["http_status"] == request["http_status"]
    assert payload["input_tokens"] == cost["input_tokens"] and payload["output_tokens"] == cost["output_tokens"]
    assert payload["estimated"] == cost["estimated"] and payload["model"] == request["model"]
    assert payload["request_sha256"] == hashlib.sha256(sent).hexdigest()
    assert float(payload["cost"]) == float(cost["cost"])
    assert len({request["org_id"], cost["org_id"], audit["org_id"]}) == 1
    if answer is not None:
        digest = hashlib.sha256(answer.content).hexdigest()
        assert request["response_sha256"] == "\\x" + digest and payload["response_sha256"] == digest


@pytest.mark.parametrize("fields", [{}, {"n": 2}, {"stream": True}, {"stream": True, "n": 2}])
def test_a_call_costs_its_tokens_times_their_prices_exactly(witan, fields):
    sent, answer = send(witan, "mock/mock", **fields)
    assert answer.status_code == 200
    record = witan.record(answer)
    check_common(record, sent, answer)
    assert record["request"]["status"] == "completed" and record["request"]["http_status"] == 200
    assert record["request"]["stream"] is bool(fields.get("stream"))
    cost = record["cost"]
    assert (cost["input_tokens"], cost["output_tokens"], cost["estimated"]) == (12, 20, False)
    assert cost["cost"] == cost_of(12, 20)
    assert (cost["provider"], cost["model"]) == ("mock", "mock")
    assert record["audit"]["outcome"] == "success"


def test_the_headers_say_what_the_ledger_says(witan):
    _, answer = send(witan, "mock/mock")
    assert answer.headers["x-witan-provider"] == "mock" and answer.headers["x-witan-model"] == "mock/mock"
    assert answer.headers["x-witan-attempts"] == "1" and float(answer.headers["x-witan-overhead-ms"]) >= 0
    assert float(answer.headers["x-witan-cost"]) == float(witan.record(answer)["cost"]["cost"])


def test_cached_input_has_its_own_price(witan, upstream):
    def respond(handler, _body):
        answer = json.loads(Upstream.ANSWER)
        answer["usage"] = {
            "prompt_tokens": 1000, "completion_tokens": 3, "total_tokens": 1003,
            "prompt_tokens_details": {"cached_tokens": 900}}
        Upstream.answer(handler, payload=json.dumps(answer).encode())
    provider = witan.provider("cached", upstream(respond).url, "m")
    try:
        _, answer = send(witan, "cached/m")
        cost = witan.record(answer)["cost"]
        assert (cost["input_tokens"], cost["cached_tokens"], cost["output_tokens"]) == (1000, 900, 3)
        assert cost["cost"] == cost_of(1000, 3, cached_tokens=900)
    finally:
        witan.api("DELETE", f"/api/v1/providers/{provider['id']}")


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_are_estimated_when_the_provider_counts_none(witan, stream):
    sent, answer = send(witan, "mock/mock-nousage", stream=stream)
    record = witan.record(answer)
    check_common(record, sent, answer)
    cost = record["cost"]
    assert cost["estimated"] is True and record["request"]["status"] == "completed"
    assert cost["input_tokens"] > 0 and cost["output_tokens"] > 0
    assert cost["cost"] == cost_of(cost["input_tokens"], cost["output_tokens"])


def test_the_usage_chunk_is_taken_out_when_not_asked_for_and_counted_all_the_same(witan):
    _, plain = send(witan, "mock/mock", stream=True)
    _, asked = send(witan, "mock/mock", stream=True, stream_options={"include_usage": True})
    assert b'"usage"' not in plain.content
    assert sum(b'"usage"' in line for line in data_lines(asked.content)) == 1
    for answer in (plain, asked):
        assert data_lines(answer.content)[-1] == b"[DONE]"
        assert witan.record(answer)["cost"]["output_tokens"] == 20


def test_every_sandbox_call_has_a_record(witan):
    for fields in ({}, {"stream": True}, {"tools": [], "n": 2}):
        sent, answer = send(witan, "sandbox/echo", **fields)
        record = witan.record(answer)
        check_common(record, sent, answer)
        assert record["request"]["status"] == "completed" and record["cost"]["estimated"] is False


def test_a_call_that_the_provider_refused_costs_nothing(witan):
    sent, answer = send(witan, "mock/mock-status-500")
    record = witan.record(answer)
    check_common(record, sent)
    assert record["request"]["status"] == "failed" and record["request"]["http_status"] == 502
    assert record["cost"]["cost"] == 0 and record["cost"]["input_tokens"] == 0
    assert record["audit"]["outcome"] == "failure" and record["audit"]["payload"]["error"] == "upstream_error"


def test_a_call_that_was_not_admitted_has_no_record(witan):
    refused = [
        witan.chat(model="nothing/there"), witan.chat(key="wtn_" + "B" * 43),
        witan.chat(key=witan.new_key(role="viewer")["key"]), witan.chat(messages=[]),
    ]
    for answer in refused:
        assert answer.status_code in (400, 401, 403, 404)
        assert answer.headers["x-request-id"] not in witan.newest()


def test_nothing_of_a_prompt_or_an_answer_is_stored_anywhere(witan):
    send(witan, "mock/mock-echo")
    send(witan, "mock/mock-echo", stream=True)
    dump = witan.dump()
    assert "audit_log" in dump and SECRET not in dump
    assert SECRET.encode() not in witan.log.read_bytes()
    assert SECRET.encode() not in (witan.data / "calls.journal").read_bytes()
    assert witan.key not in dump


def test_content_is_kept_once_the_organization_turns_it_on(new_witan, mock):
    witan = new_witan()
    witan.provider("mock", mock.url, "mock", "mock-chunks-3", "mock-cut")
    assert witan.cli("organization", "update", "--content-retention", "true").returncode == 0
    wait_for(lambda: witan.api("GET", "/api/v1/organization")["content_retention"], 2)
    for model in ("mock/mock", "mock/mock-chunks-3", "sandbox/echo"):
        for stream in (False, True):
            sent, answer = send(witan, model, stream=stream)
            request = witan.record(answer)["request"]
            assert request["request_content"].encode() == sent
            assert request["response_content"].encode() == answer.content
            assert request["response_sha256"] == "\\x" + hashlib.sha256(answer.content).hexdigest()
    assert witan.cli("organization", "update", "--content-retention", "false").returncode == 0
    sent, answer = send(witan, "mock/mock")
    assert witan.record(answer)["request"]["request_content"] is None


def test_content_with_a_null_character_does_not_lose_the_record(new_witan, mock):
    witan = new_witan()
    witan.provider("mock", mock.url, "mock-echo")
    witan.api("PATCH", "/api/v1/organization", {"content_retention": True})
    for content in (b"nul \\u0000 in the text", b"lone \\ud800 surrogate"):
        sent = b'{"model":"mock/mock-echo","messages":[{"role":"user","content":"' + content + b'"}]}'
        with witan.http() as client:
            answer = client.post("/v1/chat/completions", content=sent)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            assert witan.record(answer)["request"]["status"] == "completed"


def test_a_price_set_later_holds_from_then_on(witan, mock):
    provider = witan.provider("repriced", mock.url, "mock")
    try:
        _, first = send(witan, "repriced/mock")
        witan.api("POST", "/api/v1/prices", {
            "model": "repriced/mock", "input_per_million": "2.5", "output_per_million": "10"})
        _, second = send(witan, "repriced/mock")
        old, new = witan.record(first)["cost"], witan.record(second)["cost"]
        assert old["cost"] == cost_of(12, 20)
        assert new["cost"] == (12 * 25 + 20 * 100) * cost_of(0, 1) / 6
        assert old["pricing_version"] != new["pricing_version"]
    finally:
        witan.api("DELETE", f"/api/v1/providers/{provider['id']}")


def test_a_ceiling_stands_in_for_an_unknown_price(new_witan, mock):
    witan = new_witan()
    witan.provider("unpriced", mock.url, "mock", priced=False)
    assert witan.chat("unpriced/mock").status_code == 403
    witan.api("PATCH", "/api/v1/organization", {"unknown_price_ceiling": "0.001"})
    answer = witan.chat("unpriced/mock")
    assert answer.status_code == 200, answer.text
    cost = witan.record(answer)["cost"]
    assert float(cost["cost"]) == 0.032 and cost["pricing_version"] == "ceiling"


def test_the_log_verifies_and_a_changed_entry_is_found(new_witan):
    witan = new_witan()
    for _ in range(5):
        assert witan.chat().status_code == 200
    witan.verify_audit()
    run = witan.cli("audit", "verify", "--json")
    assert run.returncode == 0 and json.loads(run.stdout)["findings_count"] == 0
    call = witan.newest()[0]
    forge = (
        "ALTER TABLE audits.audit_log DISABLE TRIGGER ALL;"
        f"UPDATE audits.audit_log SET actor = 'key:nobody' WHERE id = '{call}'")
    partition = witan.psql(f"SELECT tableoid::regclass::text AS t FROM audits.audit_log WHERE id = '{call}'")[0]["t"]
    witan.execute(forge.replace("audits.audit_log", partition))
    run = witan.cli("audit", "verify", "--json")
    found = json.loads(run.stdout)
    assert run.returncode == 1 and found["intact"] is False and call in "".join(found["findings"])
