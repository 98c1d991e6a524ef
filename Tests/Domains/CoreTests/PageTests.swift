// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions
import Testing

@Suite struct PageTests {
    @Test("without parameters a page begins at the newest and is of a modest size")
    func defaults() throws {
        let page = try PageRequest(limit: nil, after: nil)
        #expect(page.after == nil)
        #expect((1...500).contains(page.limit))
    }

    @Test("limits from 1 to 500 are taken", arguments: [("1", 1), ("50", 50), ("500", 500)])
    func good(text: String, limit: Int) throws {
        #expect(try PageRequest(limit: text, after: nil).limit == limit)
    }

    @Test(
        "other limits are refused with the field's name",
        arguments: ["0", "-1", "501", "", "x", "1.5", " 1", "1e2", "9223372036854775808", "٣"])
    func bad(text: String) {
        let error = #expect(throws: DomainError.self) { try PageRequest(limit: text, after: nil) }
        #expect(error?.status == 400)
        #expect(error?.parameter == "limit")
    }

    @Test("the place to go on from is an id, and anything else is refused")
    func after() throws {
        let id = UniqueID.v7()
        #expect(try PageRequest(limit: nil, after: id.description).after == id)
        for text in ["", "1", "\(id)x", "'; DROP TABLE auth.users; --"] {
            let error = #expect(throws: DomainError.self) { try PageRequest(limit: nil, after: text) }
            #expect(error?.parameter == "after")
        }
    }
}
