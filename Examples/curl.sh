#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two governed calls with curl. WITAN_API_KEY is the key that the first start printed (also in admin.key).
set -eu
url=${WITAN_URL:-http://127.0.0.1:8080}
model=${WITAN_MODEL:-sandbox/echo}

# The whole answer at once; -i would also show x-request-id and what the call cost.
curl --silent --show-error --fail-with-body "$url/v1/chat/completions" \
    -H "authorization: Bearer $WITAN_API_KEY" \
    -H 'content-type: application/json' \
    -d '{"model":"'"$model"'","messages":[{"role":"user","content":"Hello, council."}]}'
echo

# The same as a stream, with the token counts at its end.
curl --silent --show-error --fail-with-body --no-buffer "$url/v1/chat/completions" \
    -H "authorization: Bearer $WITAN_API_KEY" \
    -H 'content-type: application/json' \
    -d '{"model":"'"$model"'","stream":true,"stream_options":{"include_usage":true},
         "messages":[{"role":"user","content":"Hello again."}]}'
