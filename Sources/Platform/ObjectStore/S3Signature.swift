// SPDX-License-Identifier: Apache-2.0
import Cryptography
package import SwiftExtensions

/// Who signs requests to an S3-compatible server.
package struct S3Credentials: Sendable {
    /// The public part.
    let accessKeyID: String
    let secretAccessKey: Secret<String>
    /// Of temporary credentials only.
    let sessionToken: Secret<String>?

    /// The two or three parts as the server's owner gave them.
    package init(accessKeyID: String, secretAccessKey: Secret<String>, sessionToken: Secret<String>? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// AWS Signature Version 4 for S3 ("Authenticating Requests: Using the Authorization Header", one chunk, signed
/// payload). Pure: the same request at the same instant has the same signature.
struct S3Signature {
    let credentials: S3Credentials
    let region: String

    /// The headers to send with a request, `headers` included. `path` is encoded already; `query` is not.
    func headers(
        _ method: String, host: String, path: String, query: [(String, String)], body: [UInt8],
        headers: [(name: String, value: String)], at time: Timestamp
    ) -> [(name: String, value: String)] {
        let stamp = Self.stamp(time)
        let payload = SHA256.hash(body).hex
        var all = headers.map { (name: $0.name.lowercased(), value: $0.value) }
        all += [("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
        if let token = credentials.sessionToken { all.append(("x-amz-security-token", token.reveal())) }
        let signed = (all + [("host", host)]).sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let canonical = [
            method, path, Self.text(of: query), signed.map { "\($0.name):\($0.value)\n" }.joined(), names, payload,
        ].joined(separator: "\n")
        let scope = "\(stamp.prefix(8))/\(region)/s3/aws4_request"
        let message = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(SHA256.hash(Array(canonical.utf8)).hex)"
        let signature = HMACSHA256(key: key(day: String(stamp.prefix(8)))).code(for: message.utf8).hex
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope),SignedHeaders=\(names),"
            + "Signature=\(signature)"
        return all + [("authorization", authorization)]
    }

    private func key(day: String) -> Secret<[UInt8]> {
        var key = Array("AWS4\(credentials.secretAccessKey.reveal())".utf8)
        for part in [day, region, "s3", "aws4_request"] {
            key = HMACSHA256(key: Secret(key)).code(for: part.utf8).bytes
        }
        return Secret(key)
    }

    /// The query as it is signed and sent: encoded, by name.
    static func text(of query: [(String, String)]) -> String {
        query.map { (encode($0, keepSlash: false), encode($1, keepSlash: false)) }
            .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// Percent-encoding of all but RFC 3986's unreserved characters.
    static func encode(_ text: String, keepSlash: Bool) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain = (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || [45, 46, 95, 126].contains(byte)
            if isPlain || (keepSlash && byte == 47) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return result
    }

    /// ISO 8601, basic form, to the second: `20130524T000000Z`.
    private static func stamp(_ time: Timestamp) -> String {
        String(time.description.prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }
}
