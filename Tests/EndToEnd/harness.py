# SPDX-License-Identifier: Apache-2.0
"""The real programs, started and looked into: a Witan server, the mock upstream, and upstreams of a test's own."""

import contextlib
import email
import email.policy
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from decimal import Decimal

import httpx
import openai

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("WITAN_BINARY", ROOT / ".build/debug/witan")).resolve()
MOCK_BINARY = pathlib.Path(os.environ.get("MOCK_BINARY", ROOT / ".build/debug/mock-upstream")).resolve()

# To read the system's certificates takes longer than a call, and each client would do it anew.
TLS = ssl.create_default_context()

# Dollars per million tokens; 0.15 and 0.60 are the classic pair, and no power of two.
INPUT_PRICE, CACHED_PRICE, OUTPUT_PRICE = "0.15", "0.075", "0.60"


def cost_of(input_tokens, output_tokens, cached_tokens=0):
    """The exact cost at the prices above, in dollars."""
    per_million = Decimal(10) ** 6
    return (
        Decimal(INPUT_PRICE) * (input_tokens - cached_tokens)
        + Decimal(CACHED_PRICE) * cached_tokens
        + Decimal(OUTPUT_PRICE) * output_tokens
    ) / per_million


def wait_for(condition, seconds=10, what="the condition"):
    """The first true value of `condition`; asked every 20 ms, given up after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds} s"
        time.sleep(0.02)


def free_port():
    """Below the range of outgoing connections, so that none of them takes it between a stop and a start."""
    while True:
        port = random.randint(15000, 31000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def is_alive(process_id):
    """Whether the process runs; a zombie does not."""
    try:
        state = pathlib.Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def environment(extra=None):
    """This process's, without settings of Witan."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("WITAN_", "DATABASE_"))}
    return clean | (extra or {})


class Witan:
    """One server with a data directory of its own."""

    def __init__(self, env=None, prefix=(), directory=None):
        self.home = pathlib.Path(directory or tempfile.mkdtemp(prefix="witan-e2e-"))
        self.home.chmod(0o755)
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.port = free_port()
        self.env = env or {}
        self.prefix = list(prefix)
        self.process = None

    # Life

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def launch(self, *arguments):
        """Starts the program and does not wait for it."""
        command = [*self.prefix, str(BINARY), "serve", *arguments]
        settings = {"WITAN_DATA_DIR": str(self.data), "WITAN_LISTEN": f"127.0.0.1:{self.port}"}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment(settings | self.env),
                start_new_session=True)
        return self

    def start(self, seconds=30):
        """Starts it and waits until it is ready."""
        self.launch()
        wait_for(self.is_ready_or_dead, seconds, "readiness")
        return self

    def is_ready_or_dead(self):
        code = self.process.poll()
        assert code is None, f"the server ended with {code}:\n{self.tail()}"
        return self.is_ready()

    def is_ready(self):
        try:
            return httpx.get(self.url + "/readyz", timeout=2, verify=TLS).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, seconds=45):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def restart(self):
        if self.process.poll() is None:
            self.stop()
        return self.start()

    def remove(self):
        """Ends everything that this server started and removes its files."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        for process_id in (self.redis_pid(), self.postgres_pid()):
            if process_id and is_alive(process_id):
                os.kill(process_id, signal.SIGCONT)
                os.kill(process_id, signal.SIGQUIT if process_id == self.postgres_pid() else signal.SIGTERM)
        wait_for(lambda: not self.private_servers(), 20, "the end of the private servers")
        shutil.rmtree(self.home, ignore_errors=True)

    # What it is made of

    def postgres_pid(self):
        with contextlib.suppress(OSError, IndexError, ValueError):
            return int((self.data / "postgres/postmaster.pid").read_text().split("\n")[0])

    def redis_pid(self):
        for path in self.data.glob("redis/redis.pid"):
            with contextlib.suppress(ValueError):
                return int(path.read_text())

    def private_servers(self):
        return [pid for pid in (self.postgres_pid(), self.redis_pid()) if pid and is_alive(pid)]

    @property
    def socket_directory(self):
        return (self.data / "postgres/postmaster.pid").read_text().split("\n")[4]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self):
        return (self.data / "admin.key").read_text().strip()

    def tail(self, size=4000):
        return self.log.read_bytes()[-size:].decode(errors="replace")

    # Using it

    def sdk(self, key=None, **options):
        options = {"max_retries": 0, "timeout": 30} | options
        return openai.OpenAI(base_url=self.url + "/v1", api_key=key or self.key, **options)

    def http(self, key=None, **options):
        """A plain client; nothing is retried."""
        headers = {"authorization": f"Bearer {key or self.key}"} | options.pop("headers", {})
        return httpx.Client(base_url=self.url, headers=headers, **({"timeout": 30, "verify": TLS} | options))

    def api(self, method, path, body=None, status=None, key=None):
        """One management call; the parsed answer, after its status is checked."""
        with self.http(key) as client:
            answer = client.request(method, path, json=body)
        expected = status or (201 if method == "POST" else 204 if method == "DELETE" else 200)
        assert answer.status_code == expected, answer.text
        return answer.json() if answer.content else None

    def chat(self, model="sandbox/echo", content="Hello", key=None, **fields):
        """One raw chat completion."""
        body = {"model": model, "messages": [{"role": "user", "content": content}]} | fields
        with self.http(key) as client:
            return client.post("/v1/chat/completions", json=body)

    def cli(self, *arguments, env=None, key=None, typed=None, timeout=60):
        """A command of the program, with an answer to each of its questions on a line of `typed`."""
        settings = {"WITAN_URL": self.url, "WITAN_API_KEY": self.key if key is None else key}
        return subprocess.run(
            [str(BINARY), *map(str, arguments)], input=typed, capture_output=True, text=True, timeout=timeout,
            env=environment(settings | (env or {})))

    def new_key(self, name="test", **fields):
        return self.api("POST", "/api/v1/keys", {"name": name} | fields)

    def provider(self, name, url, *models, priced=True, **fields):
        """Adds an OpenAI-compatible provider with these models at the prices above."""
        prices = {
            "input_per_million": INPUT_PRICE, "cached_input_per_million": CACHED_PRICE,
            "output_per_million": OUTPUT_PRICE,
        }
        entries = [{"name": model} | (prices if priced else {}) for model in models]
        body = {"name": name, "type": "openai_compatible", "api_endpoint": url, "models": entries} | fields
        return self.api("POST", "/api/v1/providers", body)

    # Looking into it

    def execute(self, sql):
        """What statements of the superuser print, without names of columns."""
        run = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.socket_directory, "-U", "witan_root", "witan", "-c",
             sql], capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def psql(self, sql):
        """The rows of a query as dictionaries; numeric values are exact."""
        rows = self.execute(f"SELECT coalesce(json_agg(one_row), '[]') FROM ({sql}) one_row")
        return json.loads(rows, parse_float=Decimal)

    def dump(self):
        """Everything that the database holds, as text."""
        run = subprocess.run(
            ["pg_dump", "--inserts", "-h", self.socket_directory, "-U", "witan_root", "witan"],
            capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def record(self, answer_or_id):
        """The one row of each hot table for a call; fails when there is not exactly one."""
        call = getattr(answer_or_id, "headers", {}).get("x-request-id") or answer_or_id
        found = {}
        for name, table, column in (
            ("request", "council.requests", "id"), ("cost", "providers.cost_records", "request_id"),
            ("audit", "audits.audit_log", "id"),
        ):
            rows = self.psql(f"SELECT * FROM {table} WHERE {column} = '{call}'")
            assert len(rows) == 1, f"{len(rows)} rows for {call} in {table}"
            found[name] = rows[0]
        return found

    def record_later(self, call, seconds=10):
        """As `record`, for a call whose end the client does not see."""
        wait_for(lambda: self.psql(f"SELECT id FROM council.requests WHERE id = '{call}'"), seconds, f"record {call}")
        return self.record(call)

    def rows_of(self, calls):
        """For each of the hot tables, how many rows each call has; calls without any are missing."""
        counts = []
        for table, column in (
            ("council.requests", "id"), ("providers.cost_records", "request_id"), ("audits.audit_log", "id")
        ):
            rows = self.psql(f"SELECT {column} AS id, count(*) AS n FROM {table} GROUP BY 1")
            found = {row["id"]: row["n"] for row in rows}
            counts.append({call: found[call] for call in calls if call in found})
        return counts

    def check_recorded_once(self, calls):
        for table in self.rows_of(calls):
            missing = [call for call in calls if call not in table]
            twice = [call for call, count in table.items() if count != 1]
            assert not missing and not twice, f"{len(missing)} lost, {len(twice)} twice: {(missing + twice)[:5]}"

    def newest(self, where="true"):
        """The ids of requests, newest first."""
        return [row["id"] for row in self.psql(f"SELECT id FROM council.requests WHERE {where} ORDER BY id DESC")]

    def verify_audit(self, seconds=30):
        """Waits until the first organization's entries are all sealed, then demands a chain without findings.

        A loop whose connections were lost says 503 until its next attempt, at most a second later: asked again then.
        """
        answer = {}

        def entries():
            return int(self.execute("""
                SELECT count(*) FROM audits.audit_log
                WHERE org_id = (SELECT id FROM auth.organizations WHERE slug = 'default')"""))

        def is_sealed():
            answer["least"] = entries()
            with self.http() as client:
                got = client.get("/api/v1/audit-verification")
            if got.status_code == 503 and got.json()["code"] == "store_unavailable":
                return False
            assert got.status_code == 200, got.text
            answer.update(got.json())
            return answer["unsealed"] == 0
        wait_for(is_sealed, seconds, "a sealed log")
        assert answer["intact"] is True and answer["findings"] == [], answer
        # Jobs write entries of their own at any time.
        assert answer.pop("least") <= answer["entries"] <= entries()
        return answer


class Mock:
    """The mock upstream of the package."""

    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            [str(MOCK_BINARY), "--listen", f"127.0.0.1:{self.port}"], stdout=subprocess.DEVNULL)
        wait_for(self.answers, 10, "the mock upstream")

    def answers(self):
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/count").status_code == 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def count(self):
        """Chat calls that arrived so far."""
        return httpx.get(f"http://127.0.0.1:{self.port}/count").json()["calls"]

    def stop(self):
        self.process.kill()
        self.process.wait(10)


class Load:
    """Clients that call without pause and keep a journal of what they were told, outside of what is being killed."""

    CALLS = (("mock/mock", False), ("mock/mock-delay-50", False), ("mock/mock-chunks-3", True), ("sandbox/echo", True))

    def __init__(self, witan, clients=8):
        self.witan, self.key = witan, witan.key
        self.acknowledged, self.withheld, self.refused, self.cut, self.odd = [], [], [], [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client waits for an answer that does not come"

    def run(self, number):
        turn = number
        while not self.stopping.is_set():
            try:
                with self.witan.http(self.key, timeout=20) as client:
                    while not self.stopping.is_set():
                        turn += 1
                        self.call(client, *self.CALLS[turn % len(self.CALLS)])
            except httpx.TransportError:
                time.sleep(0.05)

    def call(self, client, model, stream):
        body = {"model": model, "messages": [{"role": "user", "content": "load"}], "stream": stream}
        with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            call = answer.headers["x-request-id"]
            try:
                content = answer.read()
            except httpx.TransportError:
                self.cut.append(call)
                raise
        self.note(call, answer.status_code, content, stream)

    def note(self, call, status, content, stream):
        if status == 200 and (not stream or content.endswith(b"data: [DONE]\n\n")):
            self.acknowledged.append(call)
        elif b'"record_unavailable"' in content:
            self.withheld.append(call)
        elif status == 503 and (b'"store_unavailable"' in content or b'"draining"' in content):
            self.refused.append(call)
            time.sleep(0.02)
        else:
            self.odd.append((call, status, content[-300:]))


class Upstream:
    """An OpenAI-compatible server in this process: keeps what arrives and answers what it is told."""

    ANSWER = json.dumps({
        "id": "chatcmpl-test", "object": "chat.completion", "created": 1, "model": "test",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
    }).encode()

    def __init__(self, respond=None):
        """`respond(handler, body)` writes the answer; without it every call gets ANSWER."""
        self.calls = []
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                upstream.calls.append((dict(self.headers.items()), body))
                (respond or upstream.answer)(self, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    @staticmethod
    def answer(handler, _body=b"", payload=ANSWER, content_type="application/json", status=200):
        handler.send_response(status)
        handler.send_header("content-type", content_type)
        handler.send_header("content-length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def data_lines(stream_bytes):
    """The data of each server-sent event."""
    return [line[6:] for line in stream_bytes.split(b"\n") if line.startswith(b"data: ")]


def error_of(answer):
    """The error object of an OpenAI-shaped answer, after its shape is checked."""
    assert answer.headers["content-type"].startswith("application/json"), answer.headers
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


class MailServer:
    """A mail server of somebody else's (smtp_server.py): STARTTLS with a certificate of its own, user and password."""

    def __init__(self, user=None, password=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mail-e2e-"))
        self.certificate = self.folder / "cert.pem"
        key = self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
             "-out", self.certificate], check=True, capture_output=True)
        credentials = ["--auth", user, password] if user else []
        self.process = subprocess.Popen(
            [ROOT / ".venv-mail/bin/python", ROOT / "Tests/EndToEnd/smtp_server.py", self.folder,
             "--tls", self.certificate, key, *credentials],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    @property
    def settings(self):
        """The environment of a server that sends by it."""
        return {
            "WITAN_SMTP_URL": f"smtp://127.0.0.1:{self.port}", "WITAN_SMTP_CA_FILE": str(self.certificate),
            "WITAN_MAIL_FROM": "witan@example.org"}

    def messages(self):
        """What it took, in order."""
        paths = sorted(self.folder.glob("*.eml"), key=lambda path: int(path.stem))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def next_message(self, act):
        """What an act gives, and the message that comes of it."""
        before = len(self.messages())
        return act(), wait_for(lambda: self.messages()[before:], 15, "the mail")[0]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
