# SPDX-License-Identifier: Apache-2.0
"""Processes and what they use, read from /proc."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")


def stat(process):
    """Parent id and CPU seconds (own, of children waited for) of a process; None when it is gone."""
    try:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK, (int(fields[13]) + int(fields[14])) / TICK


def tree(root):
    """A process and all that descend from it, with their CPU seconds."""
    known = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := stat(name)):
            known[int(name)] = found
    members, frontier = {}, [root]
    while frontier:
        process = frontier.pop()
        if process in known and process not in members:
            members[process] = known[process]
            frontier += [child for child, found in known.items() if found[0] == process]
    return members


def cpu_seconds(process):
    """CPU seconds of one process, all its threads included."""
    found = stat(process)
    return found[1] if found else 0.0


def tree_cpu_seconds(root):
    """CPU seconds of a process and all that descend from it, those that have ended included."""
    members = tree(root)
    ended = members[root][2] if root in members else 0.0
    return sum(found[1] for found in members.values()) + ended


@contextlib.contextmanager
def one_group():
    """With this process, and all it starts, in one control group of the CPU, as under a service manager or in a container.

    Without one, kernels made for desktops share the CPU between sessions (sched_autogroup), and PostgreSQL's processes
    have each their own. Gives whether the CPU is shared between processes; if not, the measurement's note should say so."""
    if text("/proc/sys/kernel/sched_autogroup_enabled") != "1":
        yield True
        return
    for mount, members, divides in (
        ("/sys/fs/cgroup/cpu", "tasks", True),
        ("/sys/fs/cgroup", "cgroup.procs", "cpu" in text("/sys/fs/cgroup/cgroup.subtree_control").split()),
    ):
        group = os.path.join(mount, "witan-bench")
        try:
            if divides and os.path.exists(os.path.join(mount, members)):
                os.makedirs(group, exist_ok=True)
                move(group, members)
                break
        except OSError:
            continue
    else:
        yield False
        return
    try:
        yield True
    finally:
        move(mount, members)
        os.rmdir(group)


def move(group, members):
    """This process, with those it starts from now on, into a control group."""
    with open(os.path.join(group, members), "w") as file:
        file.write(str(os.getpid()))


def text(path):
    """A small file's text without white space around it; empty where there is none."""
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def resident_bytes(process):
    try:
        with open(f"/proc/{process}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def busy_seconds(cores):
    """CPU seconds that the cores have not idled."""
    total = 0
    with open("/proc/stat") as file:
        for line in file:
            name, *values = line.split()
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
                user, nice, system, _, _, irq, softirq, steal = map(int, values[:8])
                total += user + nice + system + irq + softirq + steal
    return total / TICK


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, log, environment=None):
    """A child of ours; its output goes to a file, and settings of whoever measures do not reach it."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("WITAN_", "DATABASE_", "REDIS_"))}
    with open(log, "ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env={**inherited, **(environment or {})})


def stop(child, number=signal.SIGTERM, limit=40):
    """Ends a child of ours in order, and by force when it does not."""
    if child.poll() is not None:
        return
    child.send_signal(number)
    try:
        child.wait(limit)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def wait_ready(url, child, log, limit=60):
    """Seconds until `url` answers 200."""
    begun = time.monotonic()
    while time.monotonic() - begun < limit:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return time.monotonic() - begun
        except OSError:
            pass
        if child.poll() is not None:
            break
        time.sleep(0.003)
    with open(log, errors="replace") as file:
        raise SystemExit(f"{url} did not become ready; the end of {log}:\n{file.read()[-2000:]}")
