// SPDX-License-Identifier: Apache-2.0
package import Core
package import HTTPServer
package import SwiftExtensions

/// Finds out where a request comes from when proxies stand in front.
package struct ClientAddress: Sendable {
    private let trusted: [NetworkRange]
    private let seal: PersonalSeal?

    /// What peers in the `trusted` ranges say in `x-forwarded-for` is believed, and of nobody else. `seal` goes along
    /// with every origin, for the log.
    package init(trusted: [NetworkRange] = [], seal: PersonalSeal? = nil) {
        self.trusted = trusted
        self.seal = seal
    }

    /// The address that the nearest trusted proxy saw: from the right, the first in `x-forwarded-for` that is no
    /// trusted proxy itself. What stands left of it may be invented by the client.
    package func origin(of request: HTTPRequest) -> Origin {
        Origin(address: address(of: request), userAgent: request.headers["user-agent"], seal: seal)
    }

    private func address(of request: HTTPRequest) -> String {
        guard !trusted.isEmpty, let peer = NetworkAddress(request.peer), isTrusted(peer) else { return request.peer }
        var nearest = peer
        let hops = request.headers.values("x-forwarded-for").flatMap { $0.split(separator: ",") }
        for hop in hops.reversed().prefix(32) {
            guard let address = NetworkAddress(hop.trimming) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest.description
    }

    private func isTrusted(_ address: NetworkAddress) -> Bool { trusted.contains { $0.contains(address) } }
}

extension Substring {
    fileprivate var trimming: String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
