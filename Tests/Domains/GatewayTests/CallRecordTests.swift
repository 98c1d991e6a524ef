// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import JSON
import Providers
import SwiftExtensions
import Testing

@testable import Gateway

@Suite struct CallRecordTests {
    static let names = [
        "up/gpt", "up/we\"ird", "up/back\\slash", "up/tab\tnew\nline\u{0}\u{1f}", "up/é☃😀", "up/del\u{7f}\u{80}",
        "up/\u{2028}\u{2029}", "up/</script>", "", "up/e\u{301}", "up/\u{fffd}\u{10ffff}",
    ]

    @Test("the log's payload is canonical JSON, whatever models and errors are called", arguments: names)
    func canonical(name: String) throws {
        for status in [CallRecord.Status.completed, .failed, .cancelled, .interrupted] {
            for withMore in [false, true] {
                var record = record(model: name)
                record.status = status
                record.usage = TokenUsage(input: 123_456_789, cachedInput: 4, output: 0, estimated: withMore)
                record.cost = FixedDecimal(units: 1)
                if withMore {
                    record.errorCode = name
                    record.responseDigest = SHA256.hash([9])
                }
                let payload = record.auditEntry.payload
                let value = try JSONValue(parsing: Array(payload.utf8))
                #expect(try value.canonicalBytes().text == payload)
                #expect(value["model"]?.string == name)
                #expect(value["status"]?.string == status.rawValue)
                #expect(value["cost"]?.string == "0.000000000001")
                #expect(value["input_tokens"]?.integer == 123_456_789)
                #expect(value["estimated"]?.bool == withMore)
                #expect(value["request_sha256"]?.string == SHA256.hash([1, 2, 3]).hex)
                #expect(
                    (value["error"]?.string, value["response_sha256"]?.string)
                        == (withMore ? (name, SHA256.hash([9]).hex) : (nil, nil)))
            }
        }
    }

    @Test("the entry names the call, who made it and how it went, and holds no content")
    func entry() {
        var record = record()
        record.requestContent = Array("very private".utf8)
        record.responseContent = Array("even more so".utf8)
        let entry = record.auditEntry
        #expect(entry.id == record.id)
        #expect(entry.organization == record.organization)
        #expect((entry.category, entry.action) == ("gateway", "model.called"))
        #expect(entry.actor == record.caller.name)
        #expect(entry.entity == "request:\(record.id)")
        #expect(entry.outcome == .success)
        #expect(!entry.payload.contains("private"))
        #expect(!entry.payload.contains("more so"))
        record.status = .cancelled
        #expect(record.auditEntry.outcome == .failure)
    }
}
