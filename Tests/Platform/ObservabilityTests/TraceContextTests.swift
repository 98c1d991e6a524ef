// SPDX-License-Identifier: Apache-2.0
import Observability
import Testing

@Suite struct TraceContextTests {
    static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("a valid traceparent is read and written back the same")
    func roundTrip() throws {
        let context = try #require(TraceContext(traceParent: Self.valid))
        #expect(context.traceParent == Self.valid)
        #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID == 0x00f0_67aa_0ba9_02b7)
        #expect(context.isSampled)
    }

    @Test(
        "what the standard refuses is refused",
        arguments: [
            "", "00", valid + "0", valid + "-00", String(valid.dropLast()), valid.uppercased(),
            "ff" + valid.dropFirst(2),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", " " + valid, valid + " ",
            "cc" + valid.dropFirst(2) + "0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G",
        ])
    func refused(header: String) { #expect(TraceContext(traceParent: header) == nil) }

    @Test("a higher version is read by its first fields and answered in version 00")
    func future() throws {
        for header in ["cc" + Self.valid.dropFirst(2), "01" + Self.valid.dropFirst(2) + "-what-the-future-brings"] {
            #expect(try #require(TraceContext(traceParent: header)).traceParent == Self.valid)
        }
    }

    @Test("flags that are not known are not passed on")
    func flags() throws {
        let context = try #require(TraceContext(traceParent: Self.valid.dropLast(2) + "fe"))
        #expect(!context.isSampled)
        #expect(context.traceParent.hasSuffix("-02"))
    }

    @Test("a child is in the same trace, in a span of its own")
    func child() throws {
        let parent = try #require(TraceContext(traceParent: Self.valid, traceState: "a=1"))
        let child = parent.child()
        #expect(child.traceID == parent.traceID && child.spanID != parent.spanID && child.spanID != 0)
        #expect(child.isSampled && child.traceState == "a=1")
    }

    @Test("a new trace is valid, and unlike others")
    func root() {
        let roots = (0..<100).map { _ in TraceContext.root() }
        #expect(roots.allSatisfy { TraceContext(traceParent: $0.traceParent) == $0 })
        #expect(Set(roots.map(\.traceID)).count == 100)
        #expect(!TraceContext.root(isSampled: false).isSampled)
    }

    @Test("tracestate passes through, bounded; what is not valid is dropped")
    func traceState() {
        func state(_ header: String) -> String? {
            TraceContext(traceParent: Self.valid, traceState: header)?.traceState
        }
        #expect(state("a=1, b@c=2 ,,\td=3") == "a=1,b@c=2,d=3")
        #expect(
            state("") == nil && state("novalue") == nil && state("=1") == nil && state("a=\n") == nil
                && state("a=é") == nil)
        #expect(state((0..<33).map { "k\($0)=1" }.joined(separator: ",")) == nil)
        let long = "big=" + String(repeating: "x", count: 200)
        #expect(state("a=1,\(long),\(long),\(long),b=2") == "a=1,b=2")
        let members = (0..<10).map { "k\($0)=" + String(repeating: "x", count: 97) }
        #expect(state(members.joined(separator: ",")) == members.prefix(5).joined(separator: ","))
    }
}
