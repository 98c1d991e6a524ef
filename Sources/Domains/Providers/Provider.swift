// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// Where models are called: its type says how, its endpoint where, its key (stored sealed) as whom.
package struct Provider: Sendable, Equatable {
    /// How a provider is spoken to.
    package enum Kind: String, Sendable, CaseIterable {
        case openAI = "openai"
        case openAICompatible = "openai_compatible"
        case sandbox
    }

    /// A UUIDv7.
    package let id: UniqueID
    /// The part of model names before the slash; unique among those in use.
    package let name: String
    /// Which protocol it speaks.
    package let kind: Kind
    /// The base of its API, without a slash at the end: `https://api.openai.com/v1`. Nil for the sandbox.
    package let endpoint: String?
    /// The end of its key's text; nil without a key.
    package let keyLastFour: String?
    /// To the first byte of its answer; 100 ms…1 h.
    package let timeout: Duration
    /// False keeps it and its models out of the catalog.
    package let isActive: Bool
    /// When the database wrote it.
    package let createdAt: Timestamp
}

/// What a new provider is to be.
package struct NewProvider: Sendable {
    /// 1…63 of a–z, 0–9, `.`, `_` and `-`, beginning with a letter or digit.
    package let name: String
    /// Which protocol it speaks.
    package let kind: Provider.Kind
    /// Without slashes at the end; OpenAI's own unless given, nil for the sandbox.
    package let endpoint: String?
    /// 1…4096 printable ASCII characters; nil sends none.
    package let apiKey: Secret<String>?
    /// To the first byte of its answer.
    package let timeout: Duration

    /// Checks name (lower-case letters, digits, `.`, `_`, `-`), endpoint (http or https, no user, query or fragment),
    /// key (printable ASCII) and timeout (100 ms to one hour).
    package init(
        name: String, kind: Provider.Kind, endpoint: String?, apiKey: Secret<String>?, timeout: Duration
    ) throws(DomainError) {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789._-".utf8)
        guard (1...63).contains(name.utf8.count), name.utf8.allSatisfy(allowed.contains),
            let first = name.utf8.first, first.isLetterOrDigit
        else {
            throw DomainError(
                .invalid, code: "invalid_name",
                "name takes 1 to 63 of a–z, 0–9, '.', '_' and '-', beginning with a letter or digit.",
                parameter: "name")
        }
        guard name != "council" else {
            throw DomainError(.invalid, code: "invalid_name", "council is the name of councils.", parameter: "name")
        }
        self.name = name
        self.kind = kind
        switch kind {
        case .openAI: self.endpoint = try Self.check(endpoint: endpoint ?? "https://api.openai.com/v1")
        case .openAICompatible:
            guard let endpoint else {
                throw DomainError(
                    .invalid, code: "endpoint_required",
                    "A provider of type openai_compatible needs its base URL, for example http://127.0.0.1:11434/v1.",
                    parameter: "api_endpoint")
            }
            self.endpoint = try Self.check(endpoint: endpoint)
        case .sandbox: self.endpoint = nil
        }
        if let apiKey {
            let bytes = apiKey.reveal().utf8
            guard (1...4096).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw DomainError(
                    .invalid, code: "invalid_api_key", "api_key takes 1 to 4096 printable ASCII characters, no spaces.",
                    parameter: "api_key")
            }
        }
        self.apiKey = apiKey
        guard timeout >= .milliseconds(100), timeout <= .seconds(3600) else {
            throw DomainError(
                .invalid, code: "invalid_timeout", "timeout_ms must be 100 to 3600000.", parameter: "timeout_ms")
        }
        self.timeout = timeout
    }

    /// The end of the key, to tell it by; nil of keys so short that it would say much.
    var lastFour: String? {
        apiKey.flatMap { key in key.reveal().utf8.count >= 12 ? String(key.reveal().suffix(4)) : nil }
    }

    static func check(endpoint: String) throws(DomainError) -> String {
        var text = endpoint
        while text.hasSuffix("/") { text.removeLast() }
        let scheme = text.hasPrefix("https://") ? 8 : text.hasPrefix("http://") ? 7 : 0
        let rest = text.utf8.dropFirst(scheme)
        let host = rest.prefix { $0 != UInt8(ascii: "/") }
        guard scheme > 0, URLAuthority(Substring(host)) != nil, text.utf8.count <= 2000,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            !host.contains(UInt8(ascii: "@")), !rest.contains(UInt8(ascii: "?")), !rest.contains(UInt8(ascii: "#"))
        else {
            throw DomainError(
                .invalid, code: "invalid_endpoint",
                "api_endpoint must be an http or https URL without user, query or fragment, such as "
                    + "https://api.openai.com/v1.",
                parameter: "api_endpoint")
        }
        return text
    }
}

extension UInt8 {
    /// a–z or 0–9.
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
    }
}
