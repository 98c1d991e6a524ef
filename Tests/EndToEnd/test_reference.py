# SPDX-License-Identifier: Apache-2.0
"""docs/reference is what the program says of itself."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_the_reference_pages_are_as_the_program_is():
    answer = subprocess.run(
        [ROOT / ".build/debug/witan", "reference", ROOT / "docs/reference", "--check"], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
