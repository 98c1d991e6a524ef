# SPDX-License-Identifier: Apache-2.0
"""docs/reference is what the program says of itself."""

import subprocess

from harness import BINARY, ROOT


def test_the_reference_pages_are_as_the_program_is():
    answer = subprocess.run(
        [BINARY, "reference", ROOT / "docs/reference", "--check"], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
