-- SPDX-License-Identifier: Apache-2.0
-- wrk: the same chat completion with several keys in turn; ends with one line of JSON.

local requests, turn = {}, 0

function init()
    local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
    local body = file:read("*a")
    file:close()
    for key in string.gmatch(os.getenv("BENCH_KEYS"), "[^,]+") do
        local headers = { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" }
        table.insert(requests, wrk.format("POST", os.getenv("BENCH_PATH"), headers, body))
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"status_errors":%d,"socket_errors":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
end
