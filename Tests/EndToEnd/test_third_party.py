# SPDX-License-Identifier: Apache-2.0
"""Somebody else's OpenAI-compatible server as the upstream: LiteLLM's proxy with a model that answers by itself.

Its packages are in an environment of their own (`LITELLM_VENV`, else `.venv-litellm`), since they pin many others.
Without it the tests are skipped, but fail where `CI` or `E2E_THIRD_PARTY` is set.
"""

import os
import pathlib
import subprocess

import httpx
import pytest

from harness import ROOT, cost_of, environment, free_port, wait_for

PROGRAM = pathlib.Path(os.environ.get("LITELLM_VENV", ROOT / ".venv-litellm")) / "bin/litellm"
KEY = "sk-litellm-of-the-test"
ANSWER = "An answer by somebody else's server."
CONFIGURATION = f"""
model_list:
  - model_name: third
    litellm_params: {{model: openai/third, api_key: none, mock_response: "{ANSWER}"}}
general_settings: {{master_key: {KEY}}}
litellm_settings: {{telemetry: false}}
"""


@pytest.fixture(scope="module")
def litellm(tmp_path_factory):
    """The base URL of a running proxy."""
    if not PROGRAM.exists():
        message = f"{PROGRAM} is not there; install Tests/EndToEnd/requirements-litellm.txt into that environment"
        if os.environ.get("CI") or os.environ.get("E2E_THIRD_PARTY"):
            pytest.fail(message)
        pytest.skip(message)
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    (folder / "config.yaml").write_text(CONFIGURATION)
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(port)], stdout=log,
            stderr=log, cwd=folder, env=environment({"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}))

    def answers():
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False
    try:
        wait_for(answers, 90, "LiteLLM's proxy")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def third(shared_witan, litellm):
    """The shared server with LiteLLM as a provider."""
    witan = shared_witan
    provider = witan.provider("litellm", litellm, "third", "absent", api_key=KEY)
    yield witan
    witan.api("DELETE", f"/api/v1/providers/{provider['id']}")


MESSAGES = [{"role": "user", "content": "Hello, stranger."}]


@pytest.mark.slow
def test_a_call_through_to_litellm_is_answered_and_counted(third):
    raw = third.sdk().chat.completions.with_raw_response.create(model="litellm/third", messages=MESSAGES)
    answer = raw.parse()
    assert answer.choices[0].message.content == ANSWER
    record = third.record(raw.headers["x-request-id"])
    cost = record["cost"]
    assert record["request"]["status"] == "completed" and cost["estimated"] is False
    assert (cost["input_tokens"], cost["output_tokens"]) == (
        answer.usage.prompt_tokens, answer.usage.completion_tokens)
    assert cost["cost"] == cost_of(cost["input_tokens"], cost["output_tokens"]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("asked", [False, True])
def test_a_stream_through_to_litellm_is_whole_and_counted(third, asked):
    options = {"stream_options": {"include_usage": True}} if asked else {}
    raw = third.sdk().chat.completions.with_raw_response.create(
        model="litellm/third", messages=MESSAGES, stream=True, **options)
    chunks = list(raw.parse())
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ANSWER
    assert any(chunk.usage for chunk in chunks) is asked
    record = third.record(raw.headers["x-request-id"])
    assert record["request"]["status"] == "completed" and record["cost"]["estimated"] is False
    assert record["cost"]["output_tokens"] > 0


@pytest.mark.slow
def test_an_error_of_litellm_is_passed_on_in_our_shape(third):
    answer = third.chat("litellm/absent")
    assert answer.status_code in (400, 404), answer.text
    assert "absent" in answer.json()["error"]["message"]
    assert third.record(answer)["request"]["status"] == "failed"
