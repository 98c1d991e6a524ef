#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Witan beside nginx and the mock upstream in one interleaved run; see README.md."""

import argparse
import collections
import contextlib
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time

from harness import load, programs, report, targets

CONNECTIONS = [1, 10, 64]


def main():
    options = arguments()
    for program in ["wrk", "nginx", "psql"]:
        if not shutil.which(program):
            sys.exit(f"{program} is not installed; on Debian: apt-get install wrk nginx-light postgresql-client")
    witan, mock = programs.find("witan", "BENCH_WITAN"), programs.find("mock-upstream", "BENCH_MOCK")
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    os.sched_setaffinity(0, cores)
    limit = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    directory = tempfile.mkdtemp(prefix="witan-bench-")
    os.chmod(directory, 0o755)  # PostgreSQL runs as another user when this is root.
    try:
        with contextlib.ExitStack() as stack:
            text, agrees = measure(options, witan, mock, cores, directory, stack)
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    report.write(text, "calls")
    sys.exit(0 if agrees else 1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each target (3)")
    parser.add_argument("--seconds", type=int, default=3, help="seconds of a round (3)")
    parser.add_argument("--quick", action="store_true", help="one round of one second each")
    parser.add_argument("--cores", type=int, default=2, help="cores that everything runs on (2)")
    parser.add_argument("--only", choices=["small", "large", "stream"], help="one workload")
    parser.add_argument("--connections", type=int, choices=CONNECTIONS, help="one concurrency")
    parser.add_argument("--peers", action="store_true", help="other gateways from PyPI in the same run")
    parser.add_argument("--keep", action="store_true", help="keep the logs and the data directories")
    options = parser.parse_args()
    if options.quick:
        options.rounds = options.seconds = 1
    return options


def measure(options, witan, mock_program, cores, directory, stack):
    mock = targets.Mock(directory, stack, mock_program)
    nginx = targets.Nginx(directory, stack, mock, len(cores))
    loops = max(1, len(cores) // 2)
    durable = targets.Witan(directory, stack, witan, mock, True, loops)
    relaxed = targets.Witan(directory, stack, witan, mock, False, loops)
    everyone = [mock, nginx, durable, relaxed]
    if options.peers:
        from harness import peers
        everyone += peers.start(directory, mock, stack)
    idle = durable.resident()

    calls, answered, results = collections.Counter(), collections.Counter(), {}
    for target in everyone:
        warm = counted(target, mock, calls, lambda: load.run_round(
            target, load.WORKLOADS[0], 10, 1, directory, cores, everyone))
        answered[target] += warm.answered
    text = heading(options, cores)
    for workload in workloads(options):
        for connections in [options.connections] if options.connections else CONNECTIONS:
            rounds = {target: [] for target in everyone}
            for _ in range(options.rounds):
                for target in everyone:
                    one = counted(target, mock, calls, lambda: load.run_round(
                        target, workload, connections, options.seconds, directory, cores, everyone))
                    answered[target] += one.answered
                    rounds[target].append(one)
            results[workload, connections] = rounds
            text += report.table(workload, connections, rounds, nginx)
            print(f"done: {workload.name}, {connections} connections", file=sys.stderr, flush=True)
    probed = {}
    for target in everyone:
        probed[target] = counted(target, mock, calls, lambda: load.probe(target, 20 if options.quick else 200))
    text += report.probes(probed, mock)
    memory = durable.resident(), load.idle_connections(durable, 2000)
    ledger = [reconcile(target, calls[target], answered[target]) for target in (durable, relaxed)]
    text += report.reconciliation(ledger)
    start = restart(durable)
    text += startup(durable, start, idle, memory)
    text += report.targets(goals(results, probed, mock, nginx, durable, relaxed, start, memory))
    return text, all(row["agree"] for row in ledger)


def workloads(options):
    names = ["small", "large", "stream"]
    return [one for name, one in zip(names, load.WORKLOADS) if options.only in (None, name)]


def counted(target, mock, calls, work):
    """Runs work against a target and notes how many calls reached the mock by then."""
    before = mock.count()
    result = work()
    target.drain()
    calls[target] += mock.count() - before
    return result


def reconcile(target, calls, answered):
    """The three tables must agree with each other and with the mock; no answer may be without its rows."""
    rows = target.ledger()
    agree = rows["requests"] == rows["cost_records"] == rows["audit_log"] == calls and rows["completed"] >= answered
    return {"name": target.name, "calls": calls, "answered": answered, "agree": agree, **rows}


def restart(target):
    """Seconds to readiness on the existing data directory, three times."""
    times = []
    for _ in range(3):
        target.stop()
        times.append(target.start())
    return times


def startup(target, again, idle, memory):
    return [
        "### Start and memory", "", "| | |", "|---|--:|",
        f"| ready on an empty data directory, s | {target.seconds_to_ready:.2f} |",
        f"| ready on an existing one, s (median of {len(again)}) | {statistics.median(again):.2f} |",
        f"| RSS after the start, MB | {idle / 1e6:.1f} |",
        f"| RSS after all rounds, MB | {memory[0] / 1e6:.1f} |",
        f"| 2,000 idle connections, MB | {memory[1] / 1e6:.1f} |", "",
    ]


def goals(results, probed, mock, nginx, durable, relaxed, start, memory):
    """What is asked of a machine with two cores."""
    rows = []

    def at_least(name, goal, value):
        rows.append((name, "≥", goal, value, value >= goal))

    def at_most(name, goal, value):
        rows.append((name, "≤", goal, value, value <= goal))

    for connections, tail in [(10, 6), (64, 15)]:
        if (rounds := results.get((load.WORKLOADS[0], connections))) is None:
            continue
        mine = rounds[durable]
        at_least(f"durable × nginx, {connections} connections", 0.18, report.ratio(mine, rounds[nginx]))
        at_least(f"relaxed × nginx, {connections} connections", 0.4, report.ratio(rounds[relaxed], rounds[nginx]))
        at_most(f"server CPU µs a call, {connections} connections", 85, report.median(mine, "server_us"))
        at_most(f"PostgreSQL CPU µs a call, {connections} connections", 75, report.median(mine, "store_us"))
        at_most(f"p99 ms, {connections} connections", tail, report.median(mine, "p99_ms"))
        if connections == 10:
            added = report.median(mine, "p50_ms") - report.median(rounds[mock], "p50_ms")
            at_most("p50 ms added over direct, 10 connections", 1.2, added)
    first = probed[durable]["first"] - probed[mock]["first"] - probed[durable]["whole"] + probed[mock]["whole"]
    at_most("stream's first byte beyond the whole answer's overhead, ms", 1, first)
    at_most("ready on an existing data directory, s", 0.5, statistics.median(start))
    at_most("ready on an empty data directory, s", 6, durable.seconds_to_ready)
    peak = max([one.resident for rounds in results.values() for one in rounds[durable]])
    at_most("RSS under load, MB", 40, peak / 1e6)
    at_most("2,000 idle connections, MB", 10, memory[1] / 1e6)
    return rows


def heading(options, cores):
    return programs.heading("Benchmark", cores) + [
        f"{options.rounds} rounds of {options.seconds} s each, interleaved. Times are wrk's; CPU is user + system time "
        "per 2xx; × nginx is the median of the ratios of neighbouring rounds. Foreign CPU is the share of the cores "
        "that others took in the worst round (the kernel's own work counts as foreign): above some 15 % trust CPU µs "
        "and ratios only.", "",
    ]


if __name__ == "__main__":
    main()
