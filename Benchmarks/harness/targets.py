# SPDX-License-Identifier: Apache-2.0
"""What is measured: the mock itself, nginx in front of it, Witan with and without waiting for the record."""

import json
import os
import signal
import subprocess
import time
import urllib.request

from . import processes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KEYS = 8
#: The mock's models: the plain one, and one that leaves 5 ms between the chunks of a stream.
MODELS = ["mock", "mock-gap-5"]


def request(method, url, key=None, body=None):
    """One JSON request of the set-up."""
    headers = {"content-type": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as response:
        return json.loads(response.read() or b"null")


class Target:
    """Something that takes chat completions at an address."""

    name = ""
    path = "/v1/chat/completions"
    #: Added to model names.
    prefix = ""
    keys = ["none"]
    child = None

    def __init__(self, directory, stack):
        stack.callback(self.stop)
        self.port = processes.free_port()
        self.log = os.path.join(directory, f"{type(self).__name__.lower()}-{self.port}.log")

    def address(self, stream=False):
        return f"http://127.0.0.1:{self.port}"

    def server_cpu(self):
        return processes.tree_cpu_seconds(self.child.pid)

    def store_cpu(self):
        return 0.0

    def resident(self):
        return sum(processes.resident_bytes(process) for process in processes.tree(self.child.pid))

    def own_cpu(self):
        """Everything that belongs to the target, for telling our load from others'."""
        return self.server_cpu()

    def drain(self):
        """Seconds until work left over from a round is done."""
        return 0.0

    def stop(self):
        if self.child:
            processes.stop(self.child)


class Mock(Target):
    name = "mock, direct"

    def __init__(self, directory, stack, program):
        super().__init__(directory, stack)
        self.child = processes.start([program, "--listen", f"127.0.0.1:{self.port}"], self.log)
        processes.wait_ready(f"{self.address()}/count", self.child, self.log)

    def count(self):
        return request("GET", f"{self.address()}/count")["calls"]


class Nginx(Target):
    name = "nginx proxy_pass"

    def __init__(self, directory, stack, mock, workers):
        super().__init__(directory, stack)
        self.stream_port = processes.free_port()
        with open(os.path.join(HERE, "nginx.conf")) as file:
            text = file.read()
        values = {
            "DIRECTORY": directory, "PORT": self.port, "STREAM_PORT": self.stream_port, "UPSTREAM": mock.port,
            "WORKERS": workers, "USER": "user root;" if os.geteuid() == 0 else "",
        }
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        configuration = os.path.join(directory, "nginx.conf")
        with open(configuration, "w") as file:
            file.write(text)
        self.child = processes.start(["nginx", "-p", directory, "-c", configuration, "-e", self.log], self.log)
        processes.wait_ready(f"{self.address()}/count", self.child, self.log)

    def address(self, stream=False):
        return f"http://127.0.0.1:{self.stream_port if stream else self.port}"


class Witan(Target):
    prefix = "mock/"

    def __init__(self, directory, stack, program, mock, durable, loops):
        super().__init__(directory, stack)
        self.name = "Witan, durable" if durable else "Witan, relaxed"
        self.program, self.loops = program, loops
        self.data = os.path.join(directory, "durable" if durable else "relaxed")
        self.seconds_to_ready = self.start()
        self.set_up(mock, durable)

    def start(self):
        """Starts the server; seconds until it was ready."""
        begun = time.monotonic()
        self.child = processes.start(
            [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data], self.log,
            {"WITAN_LOOPS": str(self.loops), "WITAN_LOG_LEVEL": "warning"})
        processes.wait_ready(f"{self.address()}/readyz", self.child, self.log)
        return time.monotonic() - begun

    def set_up(self, mock, durable):
        with open(os.path.join(self.data, "admin.key")) as file:
            self.admin = file.read().strip()
        api = f"{self.address()}/api/v1"
        price = {"input_per_million": "0.15", "cached_input_per_million": "0.075", "output_per_million": "0.6"}
        request("POST", f"{api}/providers", self.admin, {
            "name": "mock", "type": "openai_compatible", "api_endpoint": f"{mock.address()}/v1",
            "api_key": "sk-mock-key", "models": [{"name": name, **price} for name in MODELS]})
        self.keys = [request("POST", f"{api}/keys", self.admin, {"name": f"bench {n}"})["key"] for n in range(KEYS)]
        if not durable:
            request("PATCH", f"{api}/organization", self.admin, {"durable_answers": False})
        time.sleep(1.5)  # Every node sees a change of keys and providers within a second.

    def postmaster(self):
        """Process id and socket directory of the private PostgreSQL."""
        with open(os.path.join(self.data, "postgres", "postmaster.pid")) as file:
            lines = file.read().split("\n")
        return int(lines[0]), lines[4]

    def server_cpu(self):
        return processes.cpu_seconds(self.child.pid)

    def store_cpu(self):
        return processes.tree_cpu_seconds(self.postmaster()[0])

    def own_cpu(self):
        return self.server_cpu() + self.store_cpu()

    def resident(self):
        return processes.resident_bytes(self.child.pid)

    def drain(self):
        """Waits until PostgreSQL has had nothing to do for 0.2 s, so that its work is counted where it belongs."""
        begun = end = time.monotonic()
        before = self.store_cpu()
        while time.monotonic() - begun < 30:
            time.sleep(0.2)
            now = self.store_cpu()
            if now - before <= 0.02:
                break
            before, end = now, time.monotonic()
        return end - begun

    def stop(self):
        super().stop()
        # The servers of the data directory outlive a Witan that was killed.
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/cmdline") as file:
                    if f"{self.data}/" in file.read():
                        os.kill(int(process), signal.SIGINT)
            except OSError:
                pass

    def query(self, text):
        """The rows of a statement, run as the private cluster's superuser."""
        command = ["psql", "-h", self.postmaster()[1], "-U", "witan_root", "-d", "witan", "-XAtF,", "-c", text]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return [line.split(",") for line in output.splitlines()]

    def ledger(self):
        """Rows of the three hot tables, and how many requests were answered in full."""
        row = self.query(
            "SELECT (SELECT count(*) FROM council.requests), (SELECT count(*) FROM providers.cost_records), "
            "(SELECT count(*) FROM audits.audit_log WHERE category = 'gateway'), "
            "(SELECT count(*) FROM council.requests WHERE status = 'completed')")[0]
        return dict(zip(["requests", "cost_records", "audit_log", "completed"], map(int, row)))
