// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

extension HTTPClientRequest {
    /// What makes the request unfit to be sent: everything that could break out of its line (RFC 9110 §5.5, §9.1),
    /// and what the body decides.
    func problem() -> HTTPClientError? {
        guard begins(with: "http://") || begins(with: "https://") else {
            return .invalidURL(reason: "it must begin with http:// or https://")
        }
        guard url.hasOnlyBytes({ $0 > 0x20 && $0 != 0x7F }) else {
            return .invalidURL(reason: "blanks and control characters must be percent-encoded")
        }
        guard isToken(method) else { return .invalidHeader(name: "method") }
        for (name, value) in headers {
            guard isToken(name), value.hasOnlyBytes({ ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }) else {
                return .invalidHeader(name: String(name.filter { $0.isASCII && ($0.isLetter || $0 == "-") }))
            }
            guard name.utf8.count == 14 || name.utf8.count == 17 else { continue }
            let lowercased = name.lowercased()
            if lowercased == "content-length" || lowercased == "transfer-encoding" { return .invalidHeader(name: name) }
        }
        return nil
    }

    private func begins(with scheme: String) -> Bool {
        url.utf8.count >= scheme.utf8.count
            && url.utf8.prefix(scheme.utf8.count).elementsEqual(scheme.utf8) { $0 | 0x20 == $1 }
    }

    /// The host, and port if there is one, for messages; without user and password.
    var host: String {
        let afterScheme = url.drop { $0 != "/" }.drop { $0 == "/" }
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return String(authority.split(separator: "@").last ?? authority)
    }
}

/// RFC 9110 §5.6.2.
private func isToken(_ text: String) -> Bool {
    let token = ASCIISet.token
    return !text.isEmpty && text.hasOnlyBytes { token.contains($0) }
}
