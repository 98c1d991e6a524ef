# SPDX-License-Identifier: Apache-2.0
"""Figures as Markdown."""

import os
import statistics
import time

from . import targets as places


def median(rounds, field):
    return statistics.median(getattr(one, field) for one in rounds)


def ratio(rounds, reference):
    """Median of the ratios of rounds that stood side by side."""
    ratios = [one.rate / other.rate for one, other in zip(rounds, reference) if other.rate]
    return statistics.median(ratios) if ratios else 0.0


def table(workload, connections, results, reference):
    lines = [
        f"### {workload.name}, {connections} connection{'s' if connections > 1 else ''}", "",
        "| | per second, median | best | × nginx | p50 ms | p99 ms | server CPU µs | PostgreSQL CPU µs | RSS MB "
        "| drain s | failed | foreign CPU |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for target, rounds in results.items():
        store = median(rounds, "store_us")
        lines.append(
            f"| {target.name} | {median(rounds, 'rate'):,.0f} | {max(one.rate for one in rounds):,.0f} "
            f"| {ratio(rounds, results[reference]):.3f} | {median(rounds, 'p50_ms'):.2f} "
            f"| {median(rounds, 'p99_ms'):.2f} | {median(rounds, 'server_us'):.0f} | {f'{store:.0f}' if store else '–'} "
            f"| {max(one.resident for one in rounds) / 1e6:.0f} | {median(rounds, 'drain_seconds'):.1f} "
            f"| {sum(one.failed for one in rounds)} | {max(one.foreign for one in rounds):.0%} |")
    return lines + [""]


def probes(found, reference):
    direct = found[reference]
    lines = [
        "### First byte (one connection, medians, ms)", "",
        "| | whole answer | added | stream's first byte | added | beyond the whole answer's | longest silence "
        "| silences ≥ 35 ms |", "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for target, one in found.items():
        whole, first = one["whole"] - direct["whole"], one["first"] - direct["first"]
        lines.append(
            f"| {target.name} | {one['whole']:.2f} | {whole:.2f} | {one['first']:.2f} | {first:.2f} "
            f"| {first - whole:+.2f} | {one['gap']:.1f} | {one['late']} of {one['gaps']} |")
    return lines + ["", "A slow stream leaves 5 ms between chunks; its longest silence should be little more.", ""]


def reconciliation(rows):
    lines = [
        "### The ledger", "",
        "| | requests | cost records | audit entries | calls the mock counted | answers wrk saw | agree |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['requests']:,} | {row['cost_records']:,} | {row['audit_log']:,} "
            f"| {row['calls']:,} | {row['answered']:,} | {'yes' if row['agree'] else '**NO**'} |")
    return lines + ["", "wrk ends a round with calls under way, so it sees at most a connection's worth fewer.", ""]


def targets(rows):
    lines = ["### Targets", "", "| | target | measured | |", "|---|--:|--:|---|"]
    lines += [f"| {name} | {sign} {goal:g} | {value:.3g} | {'met' if met else '**missed**'} |"
              for name, sign, goal, value, met in rows]
    return lines + [""]


def figures(rows):
    """What is asked, what came out, and how it was measured."""
    lines = ["| | target | measured | | |", "|---|--:|--:|---|---|"]
    for name, sign, goal, value, note in rows:
        if goal is None:
            lines.append(f"| {name} | – | {value:.3g} | – | {note} |")
            continue
        met = value >= goal if sign == "≥" else value <= goal
        lines.append(f"| {name} | {sign} {goal:g} | {value:.3g} | {'met' if met else '**missed**'} | {note} |")
    return lines + [""]


def write(lines, kind):
    """Prints a report and keeps it among the results."""
    folder = os.path.join(places.HERE, "results")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, time.strftime(f"%Y-%m-%d-%H%M%S-{kind}.md"))
    with open(path, "w") as file:
        file.write("\n".join(lines))
    print("\n".join(lines))
    print(f"written to {os.path.relpath(path)}")
