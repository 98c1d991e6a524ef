// SPDX-License-Identifier: Apache-2.0
import CCurl
import Glibc
import SwiftExtensions

/// A curl easy handle, used for one transfer after the other. Loop-confined.
///
/// What never changes is set once; per request only the method, URL, headers, body and connect timeout are.
@safe final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private(set) var transfer: Transfer?
    /// Set where only the connection is wanted.
    private var connected: ((Result<Int32, HTTPClientError>) -> Void)?
    private let errorText: UnsafeMutablePointer<CChar>
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectTimeout = Duration.zero
    private let admits: (@Sendable (NetworkAddress) -> Bool)?
    /// Whether an address was not connected to because it is not admitted.
    private var isTurnedAway = false

    /// `sockets` stays alive as long as the handle and the connections it makes: curl calls it about them.
    init(_ configuration: HTTPClientConfiguration, sockets: CurlMulti) {
        guard let made = unsafe curl_easy_init() else { preconditionFailure("no memory for a curl handle") }
        unsafe raw = unsafe made
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        admits = configuration.admits
        setConstants(configuration)
        setCallbacks(sockets)
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe curl_slist_free_all(headerList)
        unsafe errorText.deallocate()
    }

    private func setConstants(_ configuration: HTTPClientConfiguration) {
        let version = configuration.allowHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        unsafe ccurl_set_long(raw, CURLOPT_HTTP_VERSION, version)
        unsafe ccurl_set_string(raw, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe ccurl_set_string(raw, CURLOPT_USERAGENT, configuration.userAgent)
        if let file = configuration.caFile { unsafe ccurl_set_string(raw, CURLOPT_CAINFO, file) }
        // Quick exit: giving up on a slow resolver must not wait for its thread, which would block the loop.
        for option in [
            CURLOPT_QUICK_EXIT, CURLOPT_NOSIGNAL, CURLOPT_TCP_NODELAY, CURLOPT_TCP_KEEPALIVE,
            CURLOPT_PATH_AS_IS, CURLOPT_SUPPRESS_CONNECT_HEADERS,
        ] {
            unsafe ccurl_set_long(raw, option, 1)
        }
        unsafe ccurl_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
    }

    private func setCallbacks(_ sockets: CurlMulti) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_set_pointer(raw, CURLOPT_PRIVATE, me)
        unsafe ccurl_set_pointer(raw, CURLOPT_HEADERDATA, me)
        unsafe ccurl_set_data_callback(raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let handle = unsafe EasyHandle.from(context) else { return 0 }
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe handle.transfer?.receive(headerLine: line) == true ? size * count : 0
        }
        unsafe ccurl_set_pointer(raw, CURLOPT_WRITEDATA, me)
        unsafe ccurl_set_data_callback(raw, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes = unsafe bytes, let handle = unsafe EasyHandle.from(context) else { return 0 }
            switch unsafe handle.transfer?.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) {
            case .all: return size * count
            case .nothing: return Int(CURL_WRITEFUNC_PAUSE)
            case .refused, nil: return 0
            }
        }
        let owner = unsafe Unmanaged.passUnretained(sockets).toOpaque()
        unsafe ccurl_set_pointer(raw, CURLOPT_SOCKOPTDATA, owner)
        unsafe ccurl_set_socket_option_callback(raw) { context, socket, _ in
            unsafe CurlMulti.from(context)?.opened(socket)
            return Int32(CURL_SOCKOPT_OK)
        }
        if admits != nil {
            unsafe ccurl_set_pointer(raw, CURLOPT_OPENSOCKETDATA, me)
            unsafe ccurl_set_open_socket_callback(raw) { context, _, address in
                guard let handle = unsafe EasyHandle.from(context), let address = unsafe address else { return -1 }
                return unsafe handle.open(address)
            }
        }
        unsafe ccurl_set_pointer(raw, CURLOPT_CLOSESOCKETDATA, owner)
        unsafe ccurl_set_close_callback(raw) { context, socket in
            unsafe CurlMulti.from(context)?.closing(socket)
            return close(socket)
        }
    }

    /// A socket for a connection to an address, or none.
    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        var text = [CChar](repeating: 0, count: 64)
        let isNumber = unsafe ccurl_address_text(address, &text, text.count) == 0
        let written = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // One that cannot be read, such as of a link with its name, is not admitted.
        guard isNumber, let parsed = NetworkAddress(written), admits?(parsed) == true else {
            isTurnedAway = true
            return -1
        }
        return unsafe socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> EasyHandle? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: One request

    /// Takes up a request that `problem()` has found nothing wrong with.
    func prepare(_ transfer: Transfer) {
        let request = transfer.request
        self.transfer = transfer
        unsafe errorText.pointee = 0
        isTurnedAway = false
        unsafe ccurl_set_string(raw, CURLOPT_URL, request.url)
        setMethod(request)
        setHeaders(request)
        setConnectTimeout(request.timeouts.connect)
    }

    /// Takes up making a connection for a transfer, of which curl does no more than that.
    func prepareConnection(
        to url: String, for transfer: Transfer, _ connected: @escaping (Result<Int32, HTTPClientError>) -> Void
    ) {
        self.transfer = transfer
        self.connected = connected
        unsafe errorText.pointee = 0
        isTurnedAway = false
        unsafe ccurl_set_string(raw, CURLOPT_URL, url)
        unsafe ccurl_set_long(raw, CURLOPT_CONNECT_ONLY, 1)
        setConnectTimeout(transfer.request.timeouts.connect)
    }

    private func setConnectTimeout(_ timeout: Duration) {
        guard timeout != connectTimeout else { return }
        connectTimeout = timeout
        // 0 would be curl's default of five minutes.
        unsafe ccurl_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(timeout / .milliseconds(1))))
    }

    /// Where only the connection was wanted: what to tell, and the connection itself if there is one. It is a
    /// duplicate, since curl closes its own with the handle's removal.
    func takeConnection(_ error: HTTPClientError?) -> (() -> Void)? {
        guard let connected else { return nil }
        var own = curl_socket_t(CURL_SOCKET_BAD)
        if error == nil { unsafe ccurl_get_socket(raw, CURLINFO_ACTIVESOCKET, &own) }
        let descriptor = own == CURL_SOCKET_BAD ? -1 : fcntl(own, F_DUPFD_CLOEXEC, 0)
        return { connected(descriptor < 0 ? .failure(error ?? .cut) : .success(descriptor)) }
    }

    private func setMethod(_ request: HTTPClientRequest) {
        unsafe ccurl_set_long(raw, CURLOPT_HTTPGET, 1)
        unsafe ccurl_set_string(raw, CURLOPT_CUSTOMREQUEST, nil)
        switch request.method {
        case "GET" where request.body.isEmpty: return
        case "HEAD": unsafe ccurl_set_long(raw, CURLOPT_NOBODY, 1)
        case "POST", "PUT", "PATCH": setBody(request.body)
        default: if !request.body.isEmpty { setBody(request.body) }
        }
        if request.method != "POST", request.method != "HEAD" {
            unsafe ccurl_set_string(raw, CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func setBody(_ body: [UInt8]) {
        unsafe ccurl_set_long(raw, CURLOPT_POST, 1)
        unsafe ccurl_set_offset(raw, CURLOPT_POSTFIELDSIZE_LARGE, body.count)
        if body.isEmpty {
            unsafe ccurl_set_string(raw, CURLOPT_POSTFIELDS, "")
        } else {
            unsafe body.withUnsafeBytes { unsafe _ = ccurl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) }
        }
    }

    private func setHeaders(_ request: HTTPClientRequest) {
        var list: UnsafeMutablePointer<curl_slist>?
        var hasContentType = false
        for (name, value) in request.headers {
            if name.utf8.count == 12, name.lowercased() == "content-type" { hasContentType = true }
            // curl's way to write an empty header is a semicolon.
            unsafe list = curl_slist_append(list, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // Headers that curl would add by itself: a form's type, and a wait for 100 Continue.
        if !request.body.isEmpty || request.method == "POST" {
            if !hasContentType { unsafe list = curl_slist_append(list, "Content-Type:") }
            unsafe list = curl_slist_append(list, "Expect:")
        }
        unsafe ccurl_set_list(raw, CURLOPT_HTTPHEADER, list)
        unsafe curl_slist_free_all(headerList)
        unsafe headerList = unsafe list
    }

    /// Lets go of the transfer and of what it sent.
    func recycle() {
        transfer = nil
        if connected != nil {
            connected = nil
            unsafe ccurl_set_long(raw, CURLOPT_CONNECT_ONLY, 0)
        }
        unsafe ccurl_set_string(raw, CURLOPT_POSTFIELDS, nil)
        unsafe ccurl_set_list(raw, CURLOPT_HTTPHEADER, nil)
        unsafe curl_slist_free_all(headerList)
        unsafe headerList = nil
    }

    /// Goes on with a transfer held back. May deliver bytes at once.
    func resume() { unsafe curl_easy_pause(raw, Int32(CURLPAUSE_CONT)) }

    // MARK: How it ended

    /// Whether any byte of the request has gone out.
    var hasSent: Bool {
        var bytes = 0
        unsafe ccurl_get_long(raw, CURLINFO_REQUEST_SIZE, &bytes)
        return bytes > 0
    }

    /// curl's result in our words; nil for success.
    func error(_ code: CURLcode) -> HTTPClientError? {
        if code == CURLE_OK { return nil }
        let host = transfer?.request.host ?? ""
        switch code {
        case CURLE_URL_MALFORMAT: return .invalidURL(reason: reason(code))
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .resolve(host: host)
        case CURLE_COULDNT_CONNECT where isTurnedAway: return .notAdmitted(host: host)
        case CURLE_COULDNT_CONNECT:
            var number = 0
            unsafe ccurl_get_long(raw, CURLINFO_OS_ERRNO, &number)
            return number == Int(ECONNREFUSED) ? .refused(host: host) : .unreachable(host: host)
        case CURLE_PROXY: return .unreachable(host: host)
        case CURLE_OPERATION_TIMEDOUT: return .connectTimeout(host: host)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            return .tls(reason: reason(code))
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return .cut
        // A header line beyond curl's own bound.
        case CURLE_OUT_OF_MEMORY where transfer?.hasHead == false:
            return .tooLarge(limit: Transfer.maximumHeadBytes)
        default: return .protocolError(reason: reason(code))
        }
    }

    private func reason(_ code: CURLcode) -> String {
        if unsafe errorText.pointee != 0 { return unsafe String(cString: errorText) }
        guard let text = unsafe curl_easy_strerror(code) else { return "curl error \(code.rawValue)" }
        return unsafe String(cString: text)
    }
}
