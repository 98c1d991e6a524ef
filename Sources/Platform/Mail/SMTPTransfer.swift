// SPDX-License-Identifier: Apache-2.0
import CCurl
import SwiftExtensions

/// One delivery over libcurl: a connection, one message, an end. Used by one thread, once.
@safe final class SMTPTransfer {
    private let raw: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var recipients: UnsafeMutablePointer<curl_slist>?
    private let host: String
    private var rest: ArraySlice<UInt8>

    init(_ message: MailMessage, _ settings: SMTPSettings) {
        guard let made = unsafe curl_easy_init() else { preconditionFailure("no memory for a curl handle") }
        unsafe raw = unsafe made
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        host = settings.host
        rest = message.bytes[...]
        setConnection(settings, greeting: message.from.address.domain)
        setMessage(message)
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe curl_slist_free_all(recipients)
        unsafe errorText.deallocate()
    }

    private func setConnection(_ settings: SMTPSettings, greeting: String) {
        unsafe ccurl_set_string(raw, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        unsafe ccurl_set_string(raw, CURLOPT_URL, settings.url(greeting: greeting))
        // Proxies of the environment are for the web.
        unsafe ccurl_set_string(raw, CURLOPT_PROXY, "")
        if settings.protection != .none { unsafe ccurl_set_long(raw, CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)) }
        if let file = settings.caFile { unsafe ccurl_set_string(raw, CURLOPT_CAINFO, file) }
        if let user = settings.user {
            unsafe ccurl_set_string(raw, CURLOPT_USERNAME, user)
            unsafe ccurl_set_string(raw, CURLOPT_PASSWORD, settings.password.reveal())
        }
        unsafe ccurl_set_long(raw, CURLOPT_NOSIGNAL, 1)
        unsafe ccurl_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(settings.connectTimeout / .milliseconds(1))))
        unsafe ccurl_set_long(raw, CURLOPT_TIMEOUT_MS, max(1, Int(settings.totalTimeout / .milliseconds(1))))
        unsafe ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
    }

    private func setMessage(_ message: MailMessage) {
        unsafe ccurl_set_string(raw, CURLOPT_MAIL_FROM, message.from.address.description)
        unsafe recipients = curl_slist_append(nil, message.to.address.description)
        unsafe ccurl_set_list(raw, CURLOPT_MAIL_RCPT, recipients)
        unsafe ccurl_set_long(raw, CURLOPT_UPLOAD, 1)
        unsafe ccurl_set_pointer(raw, CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque())
        unsafe ccurl_set_data_callback(raw, CURLOPT_READFUNCTION) { target, size, count, context in
            guard let target = unsafe target, let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<SMTPTransfer>.fromOpaque(context).takeUnretainedValue()
            return unsafe transfer.give(UnsafeMutableRawBufferPointer(start: target, count: size * count))
        }
    }

    private func give(_ target: UnsafeMutableRawBufferPointer) -> Int {
        let piece = rest.prefix(target.count)
        unsafe target.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }

    /// Delivers; blocks the thread until the server has taken the message or the deadline has come.
    func perform() -> MailError? {
        let code = unsafe curl_easy_perform(raw)
        if code == CURLE_OK { return nil }
        var reply = 0
        unsafe ccurl_get_long(raw, CURLINFO_RESPONSE_CODE, &reply)
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: return .unreachable(host: host)
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        case CURLE_LOGIN_DENIED: return (400..<500).contains(reply) ? .refused(reply: reply) : .signIn(reply: reply)
        case CURLE_USE_SSL_FAILED: return .insecure(reason: "the server offers no STARTTLS")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            return .insecure(reason: reason(code))
        // 530: it wants a user, and the URL has none.
        default: return reply == 530 ? .signIn(reply: reply) : reply >= 400 ? .refused(reply: reply) : .cut
        }
    }

    private func reason(_ code: CURLcode) -> String {
        if unsafe errorText.pointee != 0 { return unsafe String(cString: errorText) }
        guard let text = unsafe curl_easy_strerror(code) else { return "curl error \(code.rawValue)" }
        return unsafe String(cString: text)
    }
}
