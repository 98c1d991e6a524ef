# SPDX-License-Identifier: Apache-2.0
"""docs/reference is what the program says of itself."""

import subprocess

from harness import BINARY, ROOT


def test_the_reference_pages_are_as_the_program_is():
    answer = subprocess.run(
        [BINARY, "reference", ROOT / "docs/reference", "--schema", ROOT / "schema.sql", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr


def test_a_page_that_is_not_as_the_program_is_is_named(tmp_path):
    for page in (ROOT / "docs/reference").iterdir():
        (tmp_path / page.name).write_bytes(page.read_bytes())
    (tmp_path / "cli.md").write_text("# Commands\n")
    answer = subprocess.run([BINARY, "reference", tmp_path, "--check"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 4
    assert f"Not as the program is: {tmp_path}/cli.md;" in answer.stderr
