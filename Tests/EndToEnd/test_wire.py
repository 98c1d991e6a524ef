# SPDX-License-Identifier: Apache-2.0
"""The wire: headers of every answer, errors that are never HTML, tracing, metrics, the API's description."""

import json
import re
import socket
import threading

import httpx
import pytest

REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def exchange(witan, request):
    """Sends bytes and reads to the end: the status, the headers and the body."""
    with socket.create_connection(("127.0.0.1", witan.port), timeout=15) as connection:
        connection.sendall(request)
        received = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


RAW = [
    (b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 200),
    (b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
    (b"GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
    (b"DELETE /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 405),
    (b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 401),
    (b"GET /api/v1/keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 401),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"NONSENSE\r\n\r\n", 400),
    (b"GET /healthz HTTP/9.9\r\nhost: x\r\n\r\n", 505),
    (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", 431),
    (b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n", 413),
    (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n", None),
    (b"GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", None),
]


@pytest.mark.parametrize("request_bytes, status", RAW, ids=lambda value: str(value)[:50])
def test_every_answer_has_a_request_id_and_json(witan, request_bytes, status):
    answered, headers, body = exchange(witan, request_bytes)
    assert answered == status or (status is None and 400 <= answered < 600), (answered, body)
    assert REQUEST_ID.fullmatch(headers["x-request-id"])
    assert headers["content-type"].split(";")[0] in ("application/json", "application/problem+json")
    assert isinstance(json.loads(body), dict)
    if answered == 405:
        assert headers["allow"] == "GET, HEAD"


def test_request_ids_are_never_the_same(witan):
    with witan.http() as client:
        ids = [client.get("/healthz").headers["x-request-id"] for _ in range(100)]
    assert len(set(ids)) == 100


def test_errors_are_shaped_for_their_readers(witan):
    with witan.http() as client:
        openai = client.get("/v1/models/no/such")
        assert set(openai.json()) == {"error"}
        problem = client.get("/api/v1/keys/no-such")
    assert problem.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= set(problem.json())
    assert problem.json()["status"] == problem.status_code == 404


def test_the_trace_goes_on_upstream_with_the_same_id(witan, upstream):
    target = upstream()
    provider = witan.provider("traced", target.url, "m")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    try:
        with witan.http(headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}) as client:
            body = {"model": "traced/m", "messages": [{"role": "user", "content": "x"}]}
            assert client.post("/v1/chat/completions", json=body).status_code == 200
            client.headers["traceparent"] = "00-" + "0" * 32 + "-00f067aa0ba902b7-01"
            assert client.post("/v1/chat/completions", json=body).status_code == 200
        sent = [
            next(value for name, value in headers.items() if name.lower() == "traceparent")
            for headers, _ in target.calls
        ]
    finally:
        witan.api("DELETE", f"/api/v1/providers/{provider['id']}")
    version, passed_on, span, flags = sent[0].split("-")
    assert (version, passed_on, flags) == ("00", trace, "01") and span != "00f067aa0ba902b7"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", sent[1]) and "0" * 32 not in sent[1]


def test_metrics_are_prometheus_text_and_count_calls(witan):
    def read():
        with witan.http() as client:
            answer = client.get("/metrics")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return parse_metrics(answer.text)
    before = read()
    for _ in range(3):
        assert witan.chat("mock/mock").status_code == 200
    after = read()
    name = 'witan_gateway_calls_total{model="mock/mock",status="completed"}'
    assert after[name] - before.get(name, 0) == 3
    tokens = 'witan_gateway_tokens_total{model="mock/mock",direction="output"}'
    assert after[tokens] - before.get(tokens, 0) == 60
    assert after["witan_record_entries_total"] >= before["witan_record_entries_total"] + 3


def parse_metrics(text):
    """The samples; fails on what a scraper would not take."""
    samples, types = {}, {}
    line_form = re.compile(
        r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? '
        r"([-+]?(?:[0-9.eE+-]+|Inf|NaN))")
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} has two types"
            types[name] = kind
        elif not line.startswith("#"):
            match = line_form.fullmatch(line)
            assert match, f"no sample: {line}"
            family = re.sub("_(bucket|sum|count)$", "", match[1])
            assert match[1] in types or family in types, f"{match[1]} has no type"
            assert match[1] + (match[2] or "") not in samples, f"twice: {line}"
            samples[match[1] + (match[2] or "")] = float(match[3])
    return samples


def test_the_description_of_the_api_is_openapi_and_complete(witan):
    with witan.http() as client:
        document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1") and document["info"]["title"] and document["info"]["version"]
    assert {"/v1/chat/completions", "/v1/models", "/api/v1/keys", "/api/v1/providers", "/healthz"} <= set(
        document["paths"])
    for path, operations in document["paths"].items():
        assert path.startswith("/")
        names = set(re.findall(r"\{([^}]*)\}", path))
        for method, operation in operations.items():
            assert method in ("get", "post", "put", "patch", "delete") and operation["responses"]
            described = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}
            assert names == described, f"{method} {path}"


def test_health_and_readiness_need_no_key(witan):
    assert httpx.get(witan.url + "/healthz").json() == {"status": "ok"}
    assert httpx.get(witan.url + "/readyz").json()["ready"] is True


def test_a_head_of_a_get_has_no_content(witan):
    answer = httpx.head(witan.url + "/healthz")
    assert answer.status_code == 200 and answer.content == b""


def test_pipelined_requests_are_answered_in_order(witan):
    one = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", witan.port), timeout=10) as connection:
        connection.sendall(one + one + last)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"200", b"200", b"404"]


def test_a_client_that_reads_nothing_harms_nobody_else(witan):
    key = witan.key
    with socket.create_connection(("127.0.0.1", witan.port)) as deaf:
        body = json.dumps({"model": "mock/mock-echo", "messages": [{"role": "user", "content": "x" * 5_000_000}]})
        deaf.sendall((
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n{body}").encode())
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(witan.chat().status_code)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert statuses == [200] * 20
