#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the data layer beside PostgreSQL's own programs, on one private cluster; see README.md."""

import collections
import contextlib
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from harness import processes, programs, report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Where Debian keeps PostgreSQL's programs; else they are looked for on the path.
FOLDERS = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))


def main():
    options = programs.options(
        __doc__, rows=(1_000_000, 20_000, "rows of the audit log"), rounds=(5, 1, "rounds of what is short"))
    witan, load = programs.find("witan", "BENCH_WITAN"), programs.find("audit-load", "BENCH_AUDIT_LOAD")
    if FOLDERS:
        os.environ["PATH"] = FOLDERS[-1] + os.pathsep + os.environ["PATH"]
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    os.sched_setaffinity(0, cores)
    directory = tempfile.mkdtemp(prefix="witan-bench-")
    os.chmod(directory, 0o755)  # PostgreSQL runs as another user when this is root.
    try:
        with contextlib.ExitStack() as stack:
            rows = measure(options, Cluster(directory, stack, witan), witan, load)
    finally:
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    report.write(programs.heading("The data layer", cores) + report.figures(rows), "data")


class Cluster:
    """A private cluster that a server started, with databases of our own beside the server's."""

    def __init__(self, directory, stack, witan):
        self.directory, self.witan = directory, witan
        self.data, log = os.path.join(directory, "data"), os.path.join(directory, "witan.log")
        port = processes.free_port()
        child = processes.start([witan, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.data], log)
        stack.callback(processes.stop, child)
        processes.wait_ready(f"http://127.0.0.1:{port}/readyz", child, log)
        with open(os.path.join(self.data, "postgres", "postmaster.pid")) as file:
            self.socket = file.read().split("\n")[4]

    def url(self, database):
        return f"host={self.socket} user=witan_root dbname={database}"

    def environment(self, database):
        return {
            **os.environ, "DATABASE_URL": self.url(database), "PGHOST": self.socket, "PGUSER": "witan_root",
            "PGDATABASE": database, "WITAN_DATA_DIR": os.path.join(self.directory, "tools"),
        }

    def run(self, database, *command, **extra):
        """Seconds that a program took. Its output and its peak memory are kept; it fails loudly."""
        begun = time.monotonic()
        child = subprocess.Popen(
            command, env={**self.environment(database), **extra}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True)
        self.output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds, self.peak = time.monotonic() - begun, usage.ru_maxrss * 1024
        if child.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{self.output[-4000:]}")
        return seconds

    def query(self, database, text):
        self.run(database, "psql", "-XAtqv", "ON_ERROR_STOP=1", "-c", text)
        return self.output.strip()

    def create(self, database):
        self.query("postgres", f"CREATE DATABASE {database}")

    def drop(self, database):
        self.query("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def migrate(self, database):
        return self.run(database, self.witan, "migrate", "up")


def measure(options, cluster, witan, load):
    rows = schema(options, cluster)
    cluster.create("log")
    cluster.migrate("log")
    rows += batches(options, cluster, load)
    rows += row_security(options, cluster)
    rows += backups(options, cluster)
    return rows


def schema(options, cluster):
    """Migrations on an empty database, beside psql with the same files, and with nothing to do."""
    files = [path for path in sorted(glob.glob(os.path.join(ROOT, "Migrations", "*.sql"))) if ".down." not in path]
    script = [word for path in files for word in ("-c", "BEGIN", "-f", path, "-c", "COMMIT")]
    fresh, plain, idle = [], [], []
    for number in range(options.rounds):
        cluster.create(f"fresh{number}")
        fresh.append(cluster.migrate(f"fresh{number}"))
        idle += [cluster.migrate(f"fresh{number}") for _ in range(3)]
        cluster.create(f"plain{number}")
        plain.append(cluster.run(
            f"plain{number}", "psql", "-Xqv", "ON_ERROR_STOP=1", "-o", os.devnull, *script,
            PGOPTIONS="-c client_min_messages=warning"))
    # Not before: a file system without a journal is slow to make files for minutes after it has deleted hundreds.
    for number in range(options.rounds):
        cluster.drop(f"fresh{number}")
        cluster.drop(f"plain{number}")
    note = f"median of {len(fresh)}, program start included; psql with the same files {statistics.median(plain):.2f}"
    return [
        ("fresh schema built, s", "≤", 1.5, statistics.median(fresh), note),
        ("nothing pending, ms", "≤", 50, statistics.median(idle) * 1000, f"median of {len(idle)}, the same"),
    ]


def batches(options, cluster, load):
    """The batch path of the call record beside COPY of the same rows."""
    cluster.run("log", load, cluster.url("log"), str(options.rows))
    seconds = float(cluster.output)
    found = int(cluster.query("log", "SELECT count(*) FROM audits.audit_log"))
    if found != options.rows:
        sys.exit(f"{found} of {options.rows} rows were written")
    columns = "org_id, id, category, action, outcome, actor, entity, payload, digest"
    path = os.path.join(cluster.directory, "rows")
    cluster.run("log", "psql", "-Xqc", f"\\copy (SELECT {columns} FROM audits.audit_log) TO '{path}' (FORMAT binary)")
    cluster.create("copy")
    cluster.migrate("copy")
    copied = cluster.run(
        "copy", "psql", "-Xqv", "ON_ERROR_STOP=1", "-c",
        f"\\copy audits.audit_log ({columns}) FROM '{path}' (FORMAT binary)")
    os.unlink(path)
    cluster.drop("copy")
    return [(
        "audit rows through the batch path ÷ COPY of the same", "≥", 0.4, copied / seconds,
        f"{options.rows:,} rows: {options.rows / seconds:,.0f} a second, COPY {options.rows / copied:,.0f}")]


def backups(options, cluster):
    """A sealed backup and its restore beside pg_dump and pg_restore, in turn, on the log of the rows above."""
    place, dump = os.path.join(cluster.directory, "backups"), os.path.join(cluster.directory, "dump")
    passphrase = os.path.join(cluster.directory, "passphrase")
    with open(passphrase, "w") as file:
        file.write("a passphrase for the benchmark\n")
    os.chmod(passphrase, 0o600)
    where = ("--place", place, "--passphrase-file", passphrase)
    size = int(cluster.query("log", "SELECT pg_database_size(current_database())"))
    times, peaks = collections.defaultdict(list), []

    def timed(name, database, *command):
        times[name].append(cluster.run(database, *command))

    for number in range(min(3, options.rounds)):
        timed("dump", "log", "pg_dump", "-Fc", "-Z0", "-f", dump)
        timed("create", "log", cluster.witan, "backup", "create", "--name", f"round{number}", *where)
        peaks.append(cluster.peak)
        cluster.create("restored")
        timed("pg_restore", "restored", "pg_restore", "-j1", "-d", "restored", dump)
        cluster.drop("restored")
        cluster.create("restored")
        timed("restore", "restored", cluster.witan, "restore", f"round{number}", "--confirm", *where)
        peaks.append(cluster.peak)
        found = int(cluster.query("restored", "SELECT count(*) FROM audits.audit_log WHERE category = 'gateway'"))
        if found != options.rows:
            sys.exit(f"{found} of {options.rows} rows were restored")
        cluster.drop("restored")
        os.unlink(dump)
    middle = {name: statistics.median(found) for name, found in times.items()}
    note = f"{size / 1e6:,.0f} MB of database, median of {min(3, options.rounds)}"
    return [
        ("backup ÷ pg_dump -Fc -Z0, rates", "≥", 0.5, middle["dump"] / middle["create"],
         f"{note}: {middle['create']:.2f} s, pg_dump {middle['dump']:.2f} s"),
        ("restore ÷ pg_restore -j1, rates", "≥", 0.5, middle["pg_restore"] / middle["restore"],
         f"{note}: {middle['restore']:.2f} s, pg_restore {middle['pg_restore']:.2f} s"),
        ("peak memory of backup and restore, MB", "≤", 100, max(peaks) / 1e6, "resident, highest of all rounds"),
    ]


def row_security(options, cluster):
    """A read by primary key as the application's role, beside the same read by one that passes row-level security."""
    organization, entry = cluster.query("log", "SELECT org_id, id FROM audits.audit_log LIMIT 1").split("|")
    script = os.path.join(cluster.directory, "read.sql")
    with open(script, "w") as file:
        file.write(
            "SELECT id, action, payload FROM audits.audit_log "
            f"WHERE org_id = '{organization}' AND id = '{entry}';\n")
    cluster.query("log", "ANALYZE audits.audit_log")

    def rate(setting):
        cluster.run("log", "pgbench", "-nM", "prepared", "-f", script, "-T", "2", "-c", "2", PGOPTIONS=setting)
        return next(float(line.split()[2]) for line in cluster.output.splitlines() if line.startswith("tps"))

    ratios = []
    for _ in range(max(3, options.rounds)):
        free = rate("")
        ratios.append(rate(f"-c role=witan_app -c app.org_id={organization}") / free)
    return [(
        "read by primary key under row-level security ÷ without", "≥", 0.9, statistics.median(ratios),
        f"median of {len(ratios)} neighbouring rounds, the last without: {free:,.0f} a second")]


if __name__ == "__main__":
    main()
