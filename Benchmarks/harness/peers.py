# SPDX-License-Identifier: Apache-2.0
"""Other gateways, from PyPI, in front of the same mock: without any ledger, authentication or log of calls."""

import os
import re
import subprocess
import sys
import time

from . import processes, targets

PACKAGES = ["tensorzero==2026.6.0", "litellm[proxy]==1.75.0"]
ENVIRONMENT = os.path.join(os.path.dirname(targets.HERE), ".venv-peers")


def start(directory, mock, stack):
    """The peers that could be installed and started."""
    marker = os.path.join(ENVIRONMENT, "installed")
    if not os.path.exists(marker):
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        pip = os.path.join(ENVIRONMENT, "bin", "pip")
        subprocess.run([pip, "install", "--quiet", *PACKAGES], check=True)
        open(marker, "w").close()
    return [TensorZero(directory, stack, mock), LiteLLM(directory, stack, mock)]


class TensorZero(targets.Target):
    """The wheel holds the whole gateway, and starts it with its HTTP interface."""

    name = "TensorZero, observability off"
    prefix = "tensorzero::model_name::"
    path = "/openai/v1/chat/completions"

    PROGRAM = """
import asyncio, sys, tensorzero
gateway = tensorzero._start_http_gateway(
    config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False)
print("listens at", gateway.base_url, flush=True)
asyncio.run(asyncio.sleep(1e9))
"""

    def __init__(self, directory, stack, mock):
        super().__init__(directory, stack)
        configuration = os.path.join(directory, "tensorzero.toml")
        with open(configuration, "w") as file:
            file.write("[gateway]\nobservability.enabled = false\n")
            for model in targets.MODELS:
                file.write(
                    f'[models.{model}]\nrouting = ["mock"]\n[models.{model}.providers.mock]\ntype = "openai"\n'
                    f'model_name = "{model}"\napi_base = "{mock.address()}/v1/"\napi_key_location = "none"\n')
        python = os.path.join(ENVIRONMENT, "bin", "python")
        self.child = processes.start([python, "-c", self.PROGRAM, configuration], self.log)
        self.port = self.announced_port()

    def announced_port(self):
        for _ in range(300):
            with open(self.log, errors="replace") as file:
                if found := re.search(r"listens at http://[^:]+:(\d+)", file.read()):
                    return int(found[1])
            time.sleep(0.1)
        with open(self.log, errors="replace") as file:
            raise SystemExit(f"TensorZero did not start:\n{file.read()[-2000:]}")


class LiteLLM(targets.Target):
    name = "LiteLLM proxy"

    def __init__(self, directory, stack, mock):
        super().__init__(directory, stack)
        configuration = os.path.join(directory, "litellm.yaml")
        with open(configuration, "w") as file:
            file.write("model_list:\n")
            for model in targets.MODELS:
                file.write(
                    f"  - model_name: {model}\n    litellm_params:\n      model: openai/{model}\n"
                    f"      api_base: {mock.address()}/v1\n      api_key: sk-mock-key\n")
        program = os.path.join(ENVIRONMENT, "bin", "litellm")
        self.child = processes.start(
            [program, "--config", configuration, "--host", "127.0.0.1", "--port", str(self.port)], self.log,
            {"LITELLM_LOG": "ERROR"})
        processes.wait_ready(f"{self.address()}/health/liveliness", self.child, self.log, limit=120)
