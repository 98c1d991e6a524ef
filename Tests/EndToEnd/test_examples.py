# SPDX-License-Identifier: Apache-2.0
"""The examples run as they are."""

import json
import subprocess
import sys

import pytest

from harness import ROOT, environment


def run(witan, *command, **more):
    settings = {"WITAN_URL": witan.url, "WITAN_API_KEY": witan.key} | more
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=60, env=environment(settings))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("model", ["sandbox/echo", "mock/mock"])
def test_the_example_with_curl_works(witan, model):
    whole, *stream = run(witan, ROOT / "Examples/curl.sh", WITAN_MODEL=model).splitlines()
    assert json.loads(whole)["choices"]
    events = [line for line in stream if line]
    assert events[-1] == "data: [DONE]" and '"total_tokens"' in events[-2]


@pytest.mark.parametrize("model", ["sandbox/echo", "mock/mock"])
def test_the_example_with_the_openai_package_works(witan, model):
    lines = run(witan, sys.executable, ROOT / "Examples/openai_sdk.py", WITAN_MODEL=model).splitlines()
    assert len(lines) == 3 and lines[1].endswith(" tokens")
    if model == "sandbox/echo":
        assert "Hello, council." in lines[0] and "Hello again." in lines[2]


def test_an_example_with_a_wrong_key_fails(witan):
    done = subprocess.run(
        [ROOT / "Examples/curl.sh"], capture_output=True, text=True, timeout=60,
        env=environment({"WITAN_URL": witan.url, "WITAN_API_KEY": "wrong"}))
    assert done.returncode != 0 and "invalid_api_key" in done.stdout
