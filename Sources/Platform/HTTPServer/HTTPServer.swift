// SPDX-License-Identifier: Apache-2.0
package import EventLoop
import Glibc
import SwiftExtensions
import Synchronization

/// An HTTP/1.1 server (RFC 9110, RFC 9112) on event loops, one listening socket a loop.
///
/// A request is handled by a task on the loop that read it; the handler must not block. The task is cancelled when the
/// client goes away or the request's time is up. Requests of one connection are answered in their order.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let loops: [EventLoop]
    private let observe: @Sendable (HTTPServerEvent) -> Void
    private let handler: @Sendable (HTTPRequest) async -> HTTPResponse
    private let acceptors = Locked<[Acceptor]>([])
    private let open = OpenConnections()

    /// A server that does not listen yet. `observe` and `handler` are called on the loops' threads.
    package init(
        configuration: HTTPServerConfiguration, loops: [EventLoop],
        observe: @escaping @Sendable (HTTPServerEvent) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) {
        self.configuration = configuration
        self.loops = loops
        self.observe = observe
        self.handler = handler
    }

    /// Connections open now.
    package var connectionCount: Int { open.count.load(ordering: .relaxed) }

    /// Listens, and gives the port. Once only. The process ignores SIGPIPE from here on: a client that has gone shows
    /// as an error of its socket instead.
    package func start() throws(HTTPServerError) -> Int {
        signal(SIGPIPE, SIG_IGN)
        var tls: TLSContext?
        if let files = configuration.tls {
            tls = try TLSContext(certificateFile: files.certificateFile, keyFile: files.keyFile)
        }
        let (descriptors, port) = try ListeningAddress(configuration.address).listen(count: loops.count)
        let made = zip(loops, descriptors).map { loop, descriptor in
            Acceptor(
                loop: loop, descriptor: descriptor, tls: tls, open: open, configuration: configuration,
                observe: observe, handler: handler)
        }
        acceptors.withLock { current in
            precondition(current.isEmpty, "the server has been started before")
            current = made
        }
        for acceptor in made { acceptor.loop.execute { acceptor.start() } }
        return port
    }

    /// Stops listening, closes idle connections, lets requests under way finish for at most `limit`, then closes the
    /// rest, which cancels their handlers. When this task is cancelled, that happens at once.
    package func drain(within limit: Duration) async {
        let acceptors = acceptors.withLock { $0 }
        for acceptor in acceptors { await acceptor.loop.run { acceptor.drain() } }
        let deadline = ContinuousClock.now + limit
        while connectionCount > 0, ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { break }
        }
        for acceptor in acceptors { await acceptor.loop.run { acceptor.stop() } }
    }
}
