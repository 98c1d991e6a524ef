#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures who may come in: keys in memory, changes on their way to another node, sign-ins beside calls; see README.md."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

from harness import load, processes, programs, report, targets

PASSWORD = "seven quiet herons over the marsh"


def main():
    options = programs.options(
        __doc__, keys=(100_000, 2_000, "API keys"), rounds=(5, 1, "rounds of calls without and with sign-ins"),
        seconds=(4, 4, "seconds of each"), changes=(200, 20, "changes watched on the other node"))
    witan = programs.find("witan", "BENCH_WITAN")
    mock_program = programs.find("mock-upstream", "BENCH_MOCK")
    fill = programs.find("identity-load", "BENCH_IDENTITY_LOAD")
    everywhere = sorted(os.sched_getaffinity(0))
    cores, elsewhere = everywhere[: options.cores], everywhere[options.cores :]
    os.sched_setaffinity(0, cores)
    directory = tempfile.mkdtemp(prefix="witan-bench-")
    os.chmod(directory, 0o755)  # PostgreSQL runs as another user when this is root.
    try:
        with processes.one_group() as grouped, contextlib.ExitStack() as stack:
            mock = targets.Mock(directory, stack, mock_program)
            first = targets.Witan(directory, stack, witan, mock, True, max(1, len(cores) // 2))
            rows = storm(options, first, cores, elsewhere, directory, mock, fill, grouped)
            rows += sign_ins(first, fill, cores, elsewhere)
            rows += keys(options, first, fill)
            rows += two_nodes(options, first, witan, directory, stack)
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    report.write(programs.heading("Identity", cores) + report.figures(rows), "identity")


def run_fill(node, program, count):
    """Adds keys and the member that signs in, in the place of the one before; what the program measured."""
    node.query("UPDATE auth.users SET email = id || '@example.org' WHERE email = 'bench@example.org'")
    organization = targets.request("GET", f"{node.address()}/api/v1/organization", node.admin)["id"]
    address = f"host={node.postmaster()[1]} user=witan_root dbname=witan"
    hashes = len(os.sched_getaffinity(0))
    command = [program, address, os.path.join(node.data, "master.key"), organization, str(count), str(hashes)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def keys(options, node, program):
    """One node with all the keys, and the program that holds them alone."""
    before = restarted(node)
    found = run_fill(node, program, options.keys)
    time.sleep(3)
    learned, after = node.resident(), restarted(node)
    note = f"{found['keys']:,} keys"
    return [
        ("an API key recognized, µs", "≤", 2, found["key_ns"] / 1000, f"{note}, one thread, fastest of five rounds"),
        ("an access token recognized, µs", None, None, found["token_ns"] / 1000, "signature, claims, revocations"),
        ("memory of the keys, MB", "≤", 60, (after - before) / 1e6, f"{note}, resident, of a node started with them and without"),
        ("memory of a node that learned of them, MB", None, None, (learned - before) / 1e6,
         f"{note}, resident, what reading them took included"),
        ("all keys read at a start, ms", None, None, found["load_ms"], note),
    ]


def restarted(node):
    """Resident bytes of the node a while after a start."""
    processes.stop(node.child)
    node.start()
    time.sleep(3)
    return node.resident()


def two_nodes(options, first, witan, directory, stack):
    """A key is changed on one node and tried on the other until it counts there."""
    port = processes.free_port()
    log = os.path.join(directory, "second.log")
    child = processes.start(
        [witan, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", os.path.join(directory, "second")], log,
        {"DATABASE_URL": f"host={first.postmaster()[1]} user=witan_root dbname=witan", "WITAN_LOG_LEVEL": "warning",
         "WITAN_MASTER_KEY_FILE": os.path.join(first.data, "master.key"), "WITAN_LOOPS": "1"})
    stack.callback(processes.stop, child)
    processes.wait_ready(f"http://127.0.0.1:{port}/readyz", child, log)
    api, other = f"{first.address()}/api/v1", f"http://127.0.0.1:{port}/api/v1/organization"
    times = []
    for number in range(options.changes):
        key = targets.request("POST", f"{api}/keys", first.admin, {"name": f"watched {number}"})
        times.append(until(other, key["key"], works=True))
        targets.request("DELETE", f"{api}/keys/{key['id']}", first.admin)
        times.append(until(other, key["key"], works=False))
    times.sort()
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    note = f"{len(times)} changes, median {statistics.median(times) * 1000:.0f} ms, each node with a Redis of its own"
    return [("a key's change counts on another node, p99, s", "≤", 1, p99, note)]


def until(url, key, works):
    begun = time.monotonic()
    while time.monotonic() - begun < 10:
        try:
            targets.request("GET", url, key)
            known = True
        except urllib.error.HTTPError as error:
            known = error.code != 401
        if known == works:
            return time.monotonic() - begun
        time.sleep(0.002)
    sys.exit("a change did not reach the other node within 10 s")


def storm(options, node, cores, elsewhere, directory, mock, program, grouped):
    """Calls alone and beside 50 people who sign in all the time, in turn; people have computers of their own."""
    run_fill(node, program, 1)
    work = load.WORKLOADS[0]
    alone, beside, signed = [], [], 0
    for number in range(options.rounds * 2):
        if number % 2 == 0:
            alone.append(one(node, work, options, directory, cores, mock))
        else:
            with people(node, 50, elsewhere) as count:
                begun = time.monotonic()
                before = count[0]
                beside.append(one(node, work, options, directory, cores, mock))
                signed += (count[0] - before) / (time.monotonic() - begun)
    ratio = statistics.median(found.p99_ms for found in beside) / statistics.median(found.p99_ms for found in alone)
    calls = statistics.median(found.rate for found in beside)
    note = (
        f"median of {options.rounds} rounds in turn, 10 connections: "
        f"{statistics.median(found.p99_ms for found in alone):.1f} ms without, "
        f"{calls:,.0f} calls and {signed / options.rounds:.1f} sign-ins a second with; people on "
        f"{f'cores {elsewhere}' if elsewhere else 'the same cores'}"
        f"{'' if grouped else '; the CPU was shared by session (sched_autogroup)'}")
    return [("p99 of calls beside 50 people signing in ÷ without", "≤", 1.5, ratio, note)]


def sign_ins(node, program, cores, elsewhere):
    """How many of 50 people get in a second when nobody calls, beside the hashes of passwords alone."""
    alone = run_fill(node, program, 1)["hashes_per_s"]
    with people(node, 50, elsewhere) as count:
        begun, before = time.monotonic(), count[0]
        time.sleep(10)
        rate = (count[0] - before) / (time.monotonic() - begun)
    note = f"{rate:.1f} sign-ins a second without calls, {alone:.1f} hashes alone, {len(cores)} at a time"
    return [("sign-ins ÷ hashes of passwords alone, rates", "≥", 0.9, rate / alone, note)]


def one(node, work, options, directory, cores, mock):
    return load.run_round(node, work, 10, options.seconds, directory, cores, [mock])


@contextlib.contextmanager
def people(node, number, elsewhere):
    """That many who sign in again as soon as they are in, or were told that there are too many."""
    count, over = [0], threading.Event()

    def sign_in():
        if elsewhere:
            os.sched_setaffinity(0, elsewhere)  # of this thread
        while not over.is_set():
            try:
                targets.request(
                    "POST", f"{node.address()}/api/v1/sessions", None,
                    {"email": "bench@example.org", "password": PASSWORD})
                count[0] += 1
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    sys.exit(f"a sign-in was answered {error.code}: {error.read()}")
                time.sleep(0.2)

    threads = [threading.Thread(target=sign_in, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        yield count
    finally:
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
