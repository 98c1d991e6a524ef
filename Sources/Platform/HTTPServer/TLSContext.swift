// SPDX-License-Identifier: Apache-2.0
import COpenSSL
import Glibc

/// A certificate and its key, ready for handshakes: TLS 1.2 and 1.3, no renegotiation, no compression.
///
/// This file alone names the SSL_CTX.
@safe final class TLSContext: @unchecked Sendable {
    // @unchecked: complete after init; OpenSSL counts its references atomically.
    private let context: OpaquePointer

    init(certificateFile: String, keyFile: String) throws(HTTPServerError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw .tls(file: certificateFile, reason: "OpenSSL has no memory")
        }
        unsafe self.context = context
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        // An idle session keeps no 16 KB buffers.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(SSL_MODE_RELEASE_BUFFERS), nil)
        unsafe SSL_CTX_set_options(context, Self.options)
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1 else {
            throw .tls(file: certificateFile, reason: Self.lastError())
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .tls(file: keyFile, reason: Self.lastError()) }
    }

    /// SSL_OP_NO_RENEGOTIATION and SSL_OP_NO_COMPRESSION, macros that Swift does not see.
    private static let options: UInt64 = 1 << 30 | 1 << 17

    deinit { unsafe SSL_CTX_free(context) }

    /// A session for one connection; its receiver frees it. Nil without memory.
    func makeSession() -> OpaquePointer? { unsafe SSL_new(context) }

    private static func lastError() -> String {
        var text = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(ERR_get_error(), &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
