// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Inventory

@Suite("Parentheses around conditions")
struct FlatConditionsTests {
    @Test(
        "go where they make no difference, and stay where they do",
        arguments: [
            ("CHECK ((((a >= 1) AND (a <= 2)) AND (b > 0)))", "CHECK (((a >= 1) AND (a <= 2) AND (b > 0)))"),
            ("(((a OR b) OR c) OR (d OR e))", "(a OR b OR c OR d OR e)"),
            ("((a AND b) OR (c AND d))", "((a AND b) OR (c AND d))"),
            ("((a OR b) AND c)", "((a OR b) AND c)"),
            ("((a AND b) AND c OR d)", "((a AND b) AND c OR d)"),
            ("(NOT (a AND b) AND c)", "(NOT (a AND b) AND c)"),
            ("((a AND b) = c AND d)", "((a AND b) = c AND d)"),
            ("(f(a AND b) AND ' (x AND y) AND z')", "(f(a AND b) AND ' (x AND y) AND z')"),
            ("((a AND b) AND", "((a AND b) AND"),
        ])
    func flatten(before: String, after: String) {
        #expect(FlatConditions.flattened(before) == after)
    }
}
