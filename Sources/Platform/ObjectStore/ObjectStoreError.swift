// SPDX-License-Identifier: Apache-2.0

/// Why an object was not written, read or listed, and what to do.
package enum ObjectStoreError: Error, Equatable, Sendable {
    /// The address is neither a path nor `s3://bucket/prefix`, or names no usable server.
    case invalidAddress(String, reason: String)
    /// The name is not one that all storages can hold.
    case invalidName(String)
    /// There is no such object.
    case missing(name: String, address: String)
    /// The disk or quota is full.
    case full(path: String)
    /// The system refused; `reason` is its word.
    case system(action: String, path: String, reason: String)
    /// No answer, after several tries.
    case unreachable(address: String, reason: String)
    /// The server's refusal: its status, code and message.
    case refused(address: String, status: Int, code: String, message: String)
    /// More than `limit` bytes.
    case tooLarge(name: String, limit: Int)
    /// The object became another one, or shorter, while it was read.
    case changed(name: String)
    /// The calling task was cancelled.
    case cancelled
}

extension ObjectStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidAddress(let text, let reason): "'\(text)' is no place for objects: \(reason)."
        case .invalidName(let name): "'\(name)' is no name: take letters, digits, '-', '_' and '.'."
        case .missing(let name, let address): "There is no \(name) in \(address)."
        case .full(let path): "No space is left for \(path). Free some, or name another place."
        case .system(let action, let path, let reason): "Cannot \(action) \(path): \(reason)."
        case .unreachable(let address, let reason): "\(address) does not answer: \(reason)"
        case .refused(let address, let status, let code, let message):
            "\(address) refused with \(status) \(code)\(message.isEmpty ? "" : ": \(message)"). \(Self.advice(code))"
        case .tooLarge(let name, let limit): "\(name) has more than \(limit) bytes, so it is not what it should be."
        case .changed(let name): "\(name) was changed while it was read. Try again."
        case .cancelled: "The transfer was cancelled."
        }
    }

    private static func advice(_ code: String) -> String {
        switch code {
        case "NoSuchBucket": "Make the bucket first."
        case "RequestTimeTooSkewed": "Set this machine's clock."
        case "PermanentRedirect", "AuthorizationHeaderMalformed": "Set AWS_REGION to the bucket's region."
        case "QuotaExceeded", "XMinioStorageFull": "Free space there, or name another place."
        default: "Check the keys, their rights on the bucket, and the region."
        }
    }
}
