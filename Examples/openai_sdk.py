#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two governed calls with OpenAI's own package (pip install openai); only the address and the key are Witan's."""

import os

import openai

client = openai.OpenAI(
    base_url=os.environ.get("WITAN_URL", "http://127.0.0.1:8080") + "/v1",
    api_key=os.environ["WITAN_API_KEY"],
)
model = os.environ.get("WITAN_MODEL", "sandbox/echo")

answer = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": "Hello, council."}])
print(answer.choices[0].message.content)
print(f"{answer.usage.total_tokens} tokens")

stream = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": "Hello again."}], stream=True)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
