# SPDX-License-Identifier: Apache-2.0
"""The official OpenAI package as the client, against the sandbox and against the mock provider."""

import asyncio
import json
import time

import httpx
import openai
import pytest

from harness import error_of

HELLO = [{"role": "user", "content": "Hello, council."}]
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
MODELS = ["sandbox/echo", "mock/mock"]


@pytest.mark.parametrize("model", MODELS)
def test_a_chat_completion_is_what_the_package_expects(witan, model):
    answer = witan.sdk().chat.completions.create(model=model, messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_the_sandbox_answers_from_the_prompt_and_says_that_it_is_one(witan):
    text = witan.sdk().chat.completions.create(model="sandbox/echo", messages=HELLO).choices[0].message.content
    assert "sandbox" in text and "Hello, council." in text


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_gives_the_whole_text_and_no_usage_unless_asked(witan, model):
    chunks = list(witan.sdk().chat.completions.create(model=model, messages=HELLO, stream=True))
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert all(chunk.choices for chunk in chunks), "a chunk without choices is the usage chunk, which nobody asked for"
    assert all(chunk.usage is None for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_ends_with_the_usage_when_asked(witan, model):
    chunks = list(witan.sdk().chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize("model", ["sandbox/echo", "mock/mock-tools"])
def test_a_tool_call_comes_whole(witan, model):
    answer = witan.sdk().chat.completions.create(
        model=model, messages=HELLO, tools=[WEATHER], tool_choice="required")
    call = answer.choices[0].message.tool_calls[0]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.type == "function" and call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments), dict)


@pytest.mark.parametrize("model", ["sandbox/echo", "mock/mock-tools"])
def test_a_tool_call_comes_in_a_stream(witan, model):
    name, arguments, reason = "", "", None
    stream = witan.sdk().chat.completions.create(
        model=model, messages=HELLO, tools=[WEATHER], tool_choice="required", stream=True)
    for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or []:
            name += call.function.name or ""
            arguments += call.function.arguments or ""
        reason = chunk.choices[0].finish_reason or reason
    assert name == "get_weather" and reason == "tool_calls"
    assert isinstance(json.loads(arguments), dict)


@pytest.mark.parametrize("model", MODELS)
def test_n_gives_as_many_choices(witan, model):
    answer = witan.sdk().chat.completions.create(model=model, messages=HELLO, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    stream = witan.sdk().chat.completions.create(model=model, messages=HELLO, n=3, stream=True)
    finished = [choice.index for chunk in stream for choice in chunk.choices if choice.finish_reason]
    assert sorted(finished) == [0, 1, 2]


def test_stop_ends_the_text_before_the_word(witan):
    text = witan.sdk().chat.completions.create(
        model="sandbox/echo", messages=HELLO, stop=["council"]).choices[0].message.content
    assert text.endswith("Hello, ")


def test_a_response_format_gives_json(witan):
    answer = witan.sdk().chat.completions.create(
        model="sandbox/echo", messages=HELLO, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_logprobs_have_the_tokens_of_the_text(witan):
    choice = witan.sdk().chat.completions.create(model="sandbox/echo", messages=HELLO, logprobs=True).choices[0]
    assert "".join(token.token for token in choice.logprobs.content) == choice.message.content


def test_max_tokens_cuts_the_answer_and_says_so(witan):
    choice = witan.sdk().chat.completions.create(
        model="sandbox/echo", messages=HELLO, max_completion_tokens=2).choices[0]
    assert choice.finish_reason == "length" and len(choice.message.content) <= 8


def test_every_byte_that_the_client_sent_goes_upstream_but_the_model_and_usage(witan):
    body = (
        b'{ "model" : "mock/mock-echo",\n\t"messages":[{"role":"user","content":"caf\\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00"}],'
        b'"unknown":{"deep":[1.0,1e2,-0.0,123456789012345678901234567890,null,true]},"seed":0.10,'
        b'"metadata":{"a":"b"} , "response_format":{"type":"text"},"logit_bias":{"50256":-100} }'
    )
    with witan.http() as client:
        answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    seen = answer.json()["choices"][0]["message"]["content"].encode()
    assert seen == body.replace(b'"mock/mock-echo"', b'"mock-echo"')


def test_unknown_fields_of_the_package_pass_through(witan):
    extra = {"reasoning": {"effort": "high"}, "vendor_flag": [1, 2, {"three": None}]}
    answer = witan.sdk().chat.completions.create(model="mock/mock-echo", messages=HELLO, extra_body=extra)
    sent = json.loads(answer.choices[0].message.content)
    assert {name: sent[name] for name in extra} == extra


def test_a_stream_asks_upstream_for_usage_and_leaves_other_stream_options_alone(witan):
    def sent(**fields):
        chunks = witan.sdk().chat.completions.create(model="mock/mock-echo", messages=HELLO, stream=True, **fields)
        return json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
    assert sent()["stream_options"] == {"include_usage": True}
    assert sent(stream_options={"include_usage": False})["stream_options"] == {"include_usage": True}
    assert sent(stream_options={"include_obfuscation": False})["stream_options"] == {
        "include_obfuscation": False, "include_usage": True}
    assert sent(stream_options={"include_usage": True})["stream_options"] == {"include_usage": True}


# Errors

def test_a_wrong_key_is_an_authentication_error(witan):
    for key in ("wtn_" + "A" * 43, "sk-nonsense", "x"):
        with pytest.raises(openai.AuthenticationError) as caught:
            witan.sdk(key=key).chat.completions.create(model="sandbox/echo", messages=HELLO)
        assert caught.value.status_code == 401 and caught.value.code == "invalid_api_key"
        assert key not in str(caught.value)


def test_no_key_is_an_authentication_error(witan):
    answer = httpx.post(witan.url + "/v1/chat/completions", json={"model": "sandbox/echo", "messages": HELLO})
    assert answer.status_code == 401 and "www-authenticate" in answer.headers
    assert error_of(answer)["type"] == "authentication_error"


def test_keys_are_taken_from_three_headers(witan):
    for headers in ({"authorization": f"bearer {witan.key}"}, {"x-api-key": witan.key}, {"api-key": witan.key}):
        answer = httpx.get(witan.url + "/v1/models", headers=headers)
        assert answer.status_code == 200, headers.keys()


def test_a_viewer_may_list_but_not_call(witan):
    viewer = witan.sdk(key=witan.new_key(role="viewer")["key"])
    assert list(viewer.models.list())
    with pytest.raises(openai.PermissionDeniedError) as caught:
        viewer.chat.completions.create(model="sandbox/echo", messages=HELLO)
    assert caught.value.code == "permission_denied"
    assert caught.value.response.headers["x-should-retry"] == "false"


def test_a_key_calls_only_the_models_it_is_allowed(witan):
    client = witan.sdk(key=witan.new_key(allowed_models=["sandbox/echo"])["key"])
    assert [model.id for model in client.models.list()] == ["sandbox/echo"]
    client.chat.completions.create(model="sandbox/echo", messages=HELLO)
    with pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="mock/mock", messages=HELLO)
    assert caught.value.code == "model_not_allowed" and caught.value.param == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("mock/mock")


def test_an_unknown_price_is_refused_and_nothing_goes_upstream(witan, mock):
    provider = witan.provider("unpriced", mock.url, "mock", priced=False)
    try:
        before = mock.count()
        with pytest.raises(openai.PermissionDeniedError) as caught:
            witan.sdk().chat.completions.create(model="unpriced/mock", messages=HELLO)
        assert caught.value.code == "price_unknown" and "witan prices create" in str(caught.value)
        assert mock.count() == before
    finally:
        witan.api("DELETE", f"/api/v1/providers/{provider['id']}")


def test_an_unknown_model_is_not_found_and_near_names_are_said(witan):
    with pytest.raises(openai.NotFoundError) as caught:
        witan.sdk().chat.completions.create(model="sandbox/ehco", messages=HELLO)
    assert caught.value.code == "model_not_found" and caught.value.param == "model"
    assert "sandbox/echo" in str(caught.value)


@pytest.mark.parametrize("body, says", [
    (b'{"model":"sandbox/echo","messages":[', "column 37"),
    (b'{"model":"sandbox/echo",}', "column 25"),
    (b"[]", "object"),
    (b'{"messages":[{"role":"user","content":"x"}]}', "model"),
    (b'{"model":"sandbox/echo"}', "messages"),
    (b'{"model":"sandbox/echo","messages":[]}', "messages"),
    (b'{"model":"sandbox/echo","messages":[{"role":"user","content":"x"}],"stream":"yes"}', "stream"),
    (b'{"model":"sandbox/echo","messages":[{"role":"user","content":"x"}],"n":0}', "n"),
    (b'{"model":"sandbox/echo","model":"mock/mock","messages":[{"role":"user","content":"x"}]}', "twice"),
    (b'{"model":"sandbox/echo","messages":[{"role":"user","content":"\xff"}]}', "column 63"),
])
def test_a_malformed_body_is_refused_with_the_place(witan, body, says):
    with witan.http() as client:
        answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    error = error_of(answer)
    assert error["type"] == "invalid_request_error" and says in error["message"], error


def test_a_body_of_more_than_ten_megabytes_is_too_large(witan):
    answer = witan.chat(content="x" * (11 << 20))
    assert answer.status_code == 413
    assert error_of(answer)["message"]
    assert answer.headers["x-request-id"]


def test_another_media_type_is_not_supported(witan):
    with witan.http() as client:
        answer = client.post("/v1/chat/completions", content=b"model=x", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert "application/json" in error_of(answer)["message"]


def test_a_bad_request_of_the_provider_keeps_its_status_and_message(witan):
    with pytest.raises(openai.BadRequestError) as caught:
        witan.sdk().chat.completions.create(model="mock/mock-status-400", messages=HELLO)
    assert "mock answers 400" in str(caught.value)


# Retries, cancellation, concurrency

def test_the_package_retries_the_flaky_sandbox_until_it_answers(witan):
    client = witan.sdk(max_retries=3)
    before = len(witan.newest("model = 'sandbox/flaky'"))
    for _ in range(3):
        assert client.chat.completions.create(model="sandbox/flaky?rate=0.5", messages=HELLO).choices
    rows = witan.psql("SELECT status FROM council.requests WHERE model = 'sandbox/flaky' ORDER BY id")[before:]
    statuses = [row["status"] for row in rows]
    assert statuses.count("completed") == 3 and statuses.count("failed") >= 1


def test_the_package_waits_as_long_as_retry_after_says(witan):
    started = time.monotonic()
    with pytest.raises(openai.RateLimitError) as caught:
        witan.sdk(max_retries=1).chat.completions.create(model="mock/mock-status-429", messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "1"
    assert time.monotonic() - started >= 1.0


def test_the_package_does_not_retry_what_a_retry_cannot_cure(witan, mock):
    before = mock.count()
    with pytest.raises(openai.InternalServerError) as caught:
        witan.sdk(max_retries=3).chat.completions.create(model="mock/mock-status-401", messages=HELLO)
    assert caught.value.status_code == 502 and caught.value.response.headers["x-should-retry"] == "false"
    assert mock.count() == before + 1


def test_a_stream_closed_early_is_recorded_as_cancelled_with_an_estimate(witan):
    stream = witan.sdk().chat.completions.with_raw_response.create(
        model="mock/mock-chunks-200-gap-20", messages=HELLO, stream=True)
    call = stream.headers["x-request-id"]
    chunks = stream.parse()
    for _, _ in zip(range(3), chunks):
        pass
    chunks.close()
    record = witan.record_later(call)
    assert record["request"]["status"] == "cancelled" and record["request"]["http_status"] == 499
    assert record["cost"]["estimated"] is True
    assert record["cost"]["input_tokens"] > 0 and record["cost"]["output_tokens"] > 0
    assert record["audit"]["outcome"] == "failure"


def test_a_client_that_gives_up_waiting_is_recorded_as_cancelled(witan):
    before = set(witan.newest("model = 'mock/mock-delay-1500'"))
    with pytest.raises(openai.APITimeoutError):
        witan.sdk(timeout=0.3).chat.completions.create(model="mock/mock-delay-1500", messages=HELLO)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        new = set(witan.newest("model = 'mock/mock-delay-1500'")) - before
        if new:
            break
        time.sleep(0.05)
    record = witan.record(new.pop())
    assert record["request"]["status"] == "cancelled" and record["cost"]["estimated"] is True


def test_models_are_listed_and_found_with_the_slash_in_their_names(witan):
    client = witan.sdk()
    ids = [model.id for model in client.models.list()]
    assert ids == sorted(ids) and {"sandbox/echo", "mock/mock-echo"} <= set(ids)
    model = client.models.retrieve("mock/mock-echo")
    assert model.id == "mock/mock-echo" and model.object == "model" and model.owned_by == "mock"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("mock/mock-ecko")
    assert "mock/mock-echo" in str(caught.value)


def test_fifty_asynchronous_calls_at_a_time_are_all_answered_and_recorded(witan):
    async def run():
        async with openai.AsyncOpenAI(base_url=witan.url + "/v1", api_key=witan.key, max_retries=0) as client:
            calls = [
                client.chat.completions.with_raw_response.create(
                    model="mock/mock-delay-50", messages=[{"role": "user", "content": f"call {number}"}])
                for number in range(50)
            ]
            return await asyncio.gather(*calls)
    answers = asyncio.run(run())
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 50
    listed = ",".join(f"'{call}'" for call in ids)
    rows = witan.psql(f"SELECT status FROM council.requests WHERE id IN ({listed})")
    assert [row["status"] for row in rows] == ["completed"] * 50
