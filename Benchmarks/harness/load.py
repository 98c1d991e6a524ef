# SPDX-License-Identifier: Apache-2.0
"""Rounds of wrk, and probes over raw sockets."""

import dataclasses
import json
import os
import socket
import statistics
import subprocess
import time

from . import processes

LUA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "chat.lua")


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    body_bytes: int
    stream: bool

    def body(self, prefix, model="mock"):
        value = {"model": prefix + model, "messages": [{"role": "user", "content": ""}]}
        if self.stream:
            value["stream"] = True
        missing = self.body_bytes - len(json.dumps(value))
        value["messages"][0]["content"] = ("The quick brown fox asks. " * (missing // 26 + 1))[:missing]
        return json.dumps(value).encode()


WORKLOADS = [
    Workload("1 KB prompts", 1024, False),
    Workload("20 KB prompts", 20 * 1024, False),
    Workload("streams of 20 chunks", 1024, True),
]


@dataclasses.dataclass
class Round:
    answered: int
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int
    server_us: float
    store_us: float
    resident: int
    drain_seconds: float
    foreign: float


def run_round(target, workload, connections, seconds, directory, cores, others):
    """One round of wrk against a target, with what it cost."""
    path = os.path.join(directory, "body.json")
    with open(path, "wb") as file:
        file.write(workload.body(target.prefix))
    command = [
        "wrk", f"-t{2 if connections >= 64 else 1}", f"-c{connections}", f"-d{seconds}s", "--timeout", "15s",
        "-s", LUA, target.address(workload.stream)]
    environment = {**os.environ, "BENCH_BODY": path, "BENCH_KEYS": ",".join(target.keys),
        "BENCH_PATH": target.path}
    everyone = [target] + [other for other in others if other is not target]
    before = (target.server_cpu(), target.store_cpu())
    own, busy, begun = total_cpu(everyone), processes.busy_seconds(cores), time.monotonic()
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    resident = target.resident()
    drained = target.drain()
    elapsed = time.monotonic() - begun
    own, busy = total_cpu(everyone) - own, processes.busy_seconds(cores) - busy
    seen = json.loads(output.strip().splitlines()[-1])
    answered = seen["requests"] - seen["status_errors"]
    per_call = 1e6 / max(1, answered)
    return Round(
        answered, answered / seen["microseconds"] * 1e6, seen["p50"] / 1000, seen["p99"] / 1000,
        seen["status_errors"] + seen["socket_errors"], (target.server_cpu() - before[0]) * per_call,
        (target.store_cpu() - before[1]) * per_call, resident, drained,
        max(0.0, busy - own) / (elapsed * len(cores)))


def total_cpu(targets):
    times = os.times()
    mine = times.user + times.system + times.children_user + times.children_system
    return mine + sum(target.own_cpu() for target in targets)


# MARK: Probes

class Client:
    """A kept connection that tells when bytes arrive."""

    def __init__(self, target, stream):
        host, port = target.address(stream).removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=15)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.key, self.path = target.keys[0], target.path

    def send(self, body):
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        self.socket.sendall(head.encode() + body)
        return time.perf_counter()

    def call(self, body):
        """Milliseconds to the first byte of the content, and to each later arrival."""
        sent, answer, times = self.send(body), b"", []
        while True:
            answer += self.socket.recv(65536)
            now = (time.perf_counter() - sent) * 1000
            head, mark, content = answer.partition(b"\r\n\r\n")
            if not mark:
                continue
            if content:
                times.append(now)
            fields = head.lower()
            if b"transfer-encoding: chunked" in fields:
                if content.endswith(b"0\r\n\r\n"):
                    return times
            elif b"content-length: " in fields:
                if len(content) >= int(fields.split(b"content-length: ")[1].split(b"\r\n")[0]):
                    return times
            else:
                raise SystemExit(f"an answer without a length: {head!r}")

    def close(self):
        self.socket.close()


def probe(target, calls):
    """Milliseconds, medians: a whole answer, a stream's first byte; and the longest silence in slow streams."""
    plain, streaming = WORKLOADS[0].body(target.prefix), WORKLOADS[2].body(target.prefix)
    slow = WORKLOADS[2].body(target.prefix, "mock-gap-5")
    client, stream = Client(target, False), Client(target, True)
    whole, first, gaps = [], [], []
    for _ in range(calls):
        whole.append(client.call(plain)[-1])
        first.append(stream.call(streaming)[0])
    for _ in range(max(3, calls // 20)):
        times = stream.call(slow)
        gaps += [later - earlier for earlier, later in zip(times, times[1:])]
    client.close()
    stream.close()
    return {
        "whole": statistics.median(whole), "first": statistics.median(first), "gap": max(gaps),
        "late": sum(gap >= 35 for gap in gaps), "gaps": len(gaps),
    }


def idle_connections(target, count):
    """Bytes of memory that idle connections cost, each of which has had one answer."""
    host, port = target.address().removeprefix("http://").split(":")
    before, open_sockets = target.resident(), []
    for _ in range(count):
        connection = socket.create_connection((host, int(port)), timeout=15)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n")
        connection.recv(4096)
        open_sockets.append(connection)
    cost = target.resident() - before
    for connection in open_sockets:
        connection.close()
    return cost
