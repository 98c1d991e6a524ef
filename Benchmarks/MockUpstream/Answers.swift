// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The JSON of OpenAI's chat completions, whole and in chunks.
enum Answers {
    private static let usage = #""usage":{"prompt_tokens":12,"completion_tokens":20,"total_tokens":32}"#
    private static let sentence =
        "The mock has read your request and answers it with this sentence, which is twenty tokens long or so it says."

    static func completion(_ call: ChatCall) -> String {
        let content = call["echo"] != nil ? escaped(call.body) : sentence
        let message =
            call["tools"] != nil
            ? #"{"role":"assistant","content":null,"tool_calls":[\#(tool(index: nil))]}"#
            : #"{"role":"assistant","content":"\#(content)","refusal":null}"#
        let reason = call["tools"] != nil ? "tool_calls" : "stop"
        let choices = (0..<call.choices).map {
            #"{"index":\#($0),"message":\#(message),"logprobs":null,"finish_reason":"\#(reason)"}"#
        }
        let end = call["nousage"] != nil ? "" : ",\(usage)"
        return
            #"{"id":"chatcmpl-mock","object":"chat.completion","created":\#(Timestamp.now().seconds),"#
            + #""model":"\#(call.model)","choices":[\#(choices.joined(separator: ","))]\#(end),"#
            + #""system_fingerprint":"fp_mock"}"#
    }

    /// The events of one step, one a choice.
    static func chunk(_ call: ChatCall, _ index: Int, of count: Int) -> [UInt8] {
        let delta: String
        if call["tools"] != nil {
            delta = index == 0 ? #"{"role":"assistant","tool_calls":[\#(tool(index: 0))]}"# : "{}"
        } else if call["echo"] != nil {
            delta = #"{"content":"\#(index == 0 ? escaped(call.body) : "")"}"#
        } else {
            delta = #"{\#(index == 0 ? #""role":"assistant","# : "")"content":"token\#(index) "}"#
        }
        let reason = index + 1 < count ? "null" : call["tools"] != nil ? #""tool_calls""# : #""stop""#
        var events = ""
        for choice in 0..<call.choices {
            events += event(call, #"[{"index":\#(choice),"delta":\#(delta),"finish_reason":\#(reason)}]"#)
        }
        return Array(events.utf8)
    }

    /// The usage, when it was asked for, and the mark of the end.
    static func end(_ call: ChatCall) -> [UInt8] {
        let hasUsage = call.includesUsage && call["nousage"] == nil
        return Array(((hasUsage ? event(call, "[],\(usage)") : "") + "data: [DONE]\n\n").utf8)
    }

    private static func event(_ call: ChatCall, _ choices: String) -> String {
        #"data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":\#(Timestamp.now().seconds),"#
            + #""model":"\#(call.model)","choices":\#(choices)}"# + "\n\n"
    }

    private static func tool(index: Int?) -> String {
        let place = index.map { #""index":\#($0),"# } ?? ""
        let function = #"{"name":"get_weather","arguments":"{\"city\":\"Bern\"}"}"#
        return #"{\#(place)"id":"call_mock","type":"function","function":\#(function)}"#
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: text += Array("\\u00".utf8) + [Hex.digit(byte >> 4), Hex.digit(byte & 15)]
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
