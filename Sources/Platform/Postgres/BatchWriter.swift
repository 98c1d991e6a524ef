// SPDX-License-Identifier: Apache-2.0
package import EventLoop
package import SwiftExtensions

package struct BatchTable: Sendable {
    package init(name: String, columns: [(name: String, type: PostgresType)]) {}
}
package struct BatchLimits: Sendable {
    package var maximumBatchRows = 2_000
    package var maximumPendingBytes = 64 << 20
    package var answerWithin: Duration = .seconds(5)
    package init() {}
}
package struct BatchRows: ~Copyable {
    package mutating func begin(_ tableIndex: Int) {}
    package mutating func null() {}
    package mutating func uuid(_ value: UniqueID) {}
    package mutating func bool(_ value: Bool) {}
    package mutating func int4(_ value: Int32) {}
    package mutating func int8(_ value: Int64) {}
    package mutating func text(_ value: String) {}
    package mutating func text(_ utf8: [UInt8]) {}
    package mutating func bytea(_ value: [UInt8]) {}
    package mutating func numeric(_ value: FixedDecimal) {}
    package mutating func timestamp(_ value: Timestamp) {}
    package mutating func json(_ value: String) {}
    package mutating func json(_ utf8: [UInt8]) {}
}
package final class BatchWriter: Sendable {
    package init(
        configuration: PostgresConfiguration, loop: EventLoop, tables: [BatchTable], limits: BatchLimits = BatchLimits(),
        observe: @escaping @Sendable (PostgresEvent) -> Void, repair: @escaping @Sendable () async -> Void = {}
    ) {}
    package func start() {}
    package func stop() async {}
    package var isReady: Bool { false }
    package func append(_ fill: (inout BatchRows) -> Void) async throws(PostgresError) { throw .closed }
    package func appendWithoutWaiting(_ fill: (inout BatchRows) -> Void) throws(PostgresError) { throw .closed }
}
