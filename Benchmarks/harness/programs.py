# SPDX-License-Identifier: Apache-2.0
"""The programs that are measured, and the machine."""

import argparse
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


def options(description, **numbers):
    """What the command line says: `numbers` gives for each option what it is usually and with --quick, and what of."""
    parser = argparse.ArgumentParser(description=description)
    for name, (usual, _, meaning) in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"{meaning} ({usual:,})")
    quick = {name: few for name, (_, few, _) in numbers.items()}
    parser.add_argument(
        "--quick", action="store_true", help=", ".join(f"--{name} {few}" for name, few in quick.items()))
    parser.add_argument("--cores", type=int, default=2, help="cores that everything runs on (2)")
    parser.add_argument("--keep", action="store_true", help="keep the data directory")
    found = parser.parse_args()
    vars(found).update(quick if found.quick else {})
    return found


def heading(title, cores):
    """The first lines of a report: when, and on what."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    return [f"# {title}", "", f"{when}, {model}, Linux {platform.release()}, cores {cores} for everything.", ""]
