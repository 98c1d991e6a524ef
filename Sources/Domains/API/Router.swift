// SPDX-License-Identifier: Apache-2.0
package import HTTPServer
import SwiftExtensions

/// Finds the endpoint of a request: exact paths by one look-up, the others segment by segment.
package struct Router: Sendable {
    /// What there is for a method and path.
    package enum Match: Sendable {
        case endpoint(Endpoint, parameters: [String: String])
        /// The path is there, for other methods.
        case otherMethods([HTTPMethod])
        case none
    }

    private let exact: [String: [HTTPMethod: Endpoint]]
    private let patterns: [(segments: [Segment], endpoint: Endpoint)]

    private enum Segment: Sendable {
        case literal(Substring)
        case one(String)
        case rest(String)
    }

    /// Two endpoints of the same method and path are a mistake of ours.
    package init(_ endpoints: [Endpoint]) {
        var exact: [String: [HTTPMethod: Endpoint]] = [:]
        var patterns: [(segments: [Segment], endpoint: Endpoint)] = []
        for endpoint in endpoints {
            if endpoint.path.contains("{") {
                patterns.append((Self.segments(endpoint.path), endpoint))
            } else {
                let previous = exact[endpoint.path, default: [:]].updateValue(endpoint, forKey: endpoint.method)
                precondition(previous == nil, "two endpoints for \(endpoint.method.rawValue) \(endpoint.path)")
            }
        }
        self.exact = exact
        self.patterns = patterns
    }

    /// HEAD is answered where GET is.
    package func match(_ method: HTTPMethod, _ path: String) -> Match {
        let wanted = method == .head ? .get : method
        if let found = exact[path] {
            if let endpoint = found[wanted] { return .endpoint(endpoint, parameters: [:]) }
            return .otherMethods(Self.allowed(Array(found.keys)))
        }
        var others: [HTTPMethod] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (segments, endpoint) in patterns {
            guard let parameters = Self.fit(Array(parts), segments) else { continue }
            if endpoint.method == wanted { return .endpoint(endpoint, parameters: parameters) }
            others.append(endpoint.method)
        }
        return others.isEmpty ? .none : .otherMethods(Self.allowed(others))
    }

    /// Sorted, each once, with HEAD where GET is.
    private static func allowed(_ methods: [HTTPMethod]) -> [HTTPMethod] {
        Set(methods.contains(.get) ? methods + [.head] : methods).sorted { $0.rawValue < $1.rawValue }
    }

    private static func segments(_ path: String) -> [Segment] {
        path.split(separator: "/").map { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(part) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .one(String(name))
        }
    }

    private static func fit(_ parts: [Substring], _ segments: [Segment]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            guard index < parts.count else { return nil }
            switch segment {
            case .literal(let text):
                guard parts[index] == text else { return nil }
            case .one(let name):
                guard let value = PercentEncoding.decode(parts[index]), !value.isEmpty else { return nil }
                parameters[name] = value
            case .rest(let name):
                guard let value = PercentEncoding.decode(parts[index...].joined(separator: "/")), !value.isEmpty else {
                    return nil
                }
                parameters[name] = value
                return parameters
            }
        }
        return parts.count == segments.count ? parameters : nil
    }
}
