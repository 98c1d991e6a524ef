// SPDX-License-Identifier: Apache-2.0
package import EventLoop
package final class HTTPServer: Sendable {
    package init(
        configuration: HTTPServerConfiguration, loops: [EventLoop],
        observe: @escaping @Sendable (HTTPServerEvent) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {}
    package func start() throws(HTTPServerError) -> Int { 0 }
    package func drain(within limit: Duration) async {}
}
