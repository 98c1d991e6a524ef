// SPDX-License-Identifier: Apache-2.0

/// Something long-lived: a server, a worker, a connection pool, or a group of these.
package protocol Service: Sendable {
    /// How errors and logs call it; unique in its group.
    var name: String { get }

    /// Works until `shutdown` is triggered, then drains — finishes what it has begun, begins nothing new — and returns.
    ///
    /// Cancellation is the harder word: return at once. Returning before either is a failure of the service.
    func run(until shutdown: ShutdownSignal) async throws
}

/// Why a group of services ended otherwise than by a drain in order.
package enum ServiceError: Error, CustomStringConvertible {
    /// The service threw.
    case failed(service: String, underlying: any Error)
    /// The service returned although nobody had asked it to.
    case endedEarly(service: String)
    /// These services were still draining when the deadline came, and were cancelled.
    case drainDeadlineExceeded(services: [String])

    package var description: String {
        switch self {
        case .failed(let service, let underlying): "service \(service) failed: \(underlying)"
        case .endedEarly(let service): "service \(service) ended although it was not asked to"
        case .drainDeadlineExceeded(let services):
            "not drained in time and cancelled: \(services.joined(separator: ", "))"
        }
    }
}
