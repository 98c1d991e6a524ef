# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured, and the machine."""

import os
import platform
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def find(product, variable):
    """A release product: given by the environment, else built."""
    if path := os.environ.get(variable):
        return os.path.abspath(path)
    subprocess.run(["swift", "build", "-c", "release", "--product", product], cwd=ROOT, check=True)
    return os.path.join(ROOT, ".build", "release", product)


def heading(title, cores):
    """The first lines of a report: when, and on what."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    return [f"# {title}", "", f"{when}, {model}, Linux {platform.release()}, cores {cores} for everything.", ""]
