// SPDX-License-Identifier: Apache-2.0
import EventLoop
import SwiftExtensions

/// Makes one connection usable: name, socket, AUTH, SELECT, PING. Loop-confined; bounded by a deadline.
final class RedisHandshake: @unchecked Sendable {
    // @unchecked: touched on the loop's thread only.
    private let address: RedisAddress
    private let loop: EventLoop
    private var connection: RedisConnection?
    private var timer: LoopTimer?
    private var done: ((Result<RedisConnection, RedisError>) -> Void)?
    /// Where the end of the connection is told, once it is somebody else's.
    private var lost: ((_ reason: String) -> Void)?

    /// `done` is called once, later; `lost` when a connection given out ends by itself.
    init(
        _ address: RedisAddress, on loop: EventLoop, timeout: Duration,
        lost: @escaping (_ reason: String) -> Void, done: @escaping (Result<RedisConnection, RedisError>) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.lost = lost
        self.done = done
        timer = LoopTimer(on: loop) { [weak self] in
            self?.end(.failure(.unavailable(reason: "no connection within \(timeout)")))
        }
        timer?.schedule(after: timeout)
        address.resolve(on: loop) { place in self.connect(to: place) }
    }

    private func connect(to place: RedisAddress.Place?) {
        guard done != nil else { return }
        guard let place else { return end(.failure(.unavailable(reason: "the host's name does not resolve"))) }
        do throws(RedisError) {
            let connection = try RedisConnection(to: place, on: loop) { [self] reason in ended(reason) }
            self.connection = connection
            greet(connection)
        } catch {
            end(.failure(error))
        }
    }

    private func greet(_ connection: RedisConnection) {
        if let password = address.password {
            let user = address.user.isEmpty ? [] : [RedisArgument(address.user)]
            connection.send(["AUTH"] + user + [RedisArgument(password.reveal())], Step(self, isLast: false))
        }
        if address.database != 0 {
            connection.send(["SELECT", RedisArgument(Int64(address.database))], Step(self, isLast: false))
        }
        connection.send(["PING"], Step(self, isLast: true))
    }

    private final class Step: ReplyTaker {
        let handshake: RedisHandshake
        let isLast: Bool
        init(_ handshake: RedisHandshake, isLast: Bool) {
            self.handshake = handshake
            self.isLast = isLast
        }

        func take(_ result: Result<RedisValue, RedisError>) {
            switch result {
            case .failure(.server(let message)): handshake.end(.failure(.unavailable(reason: message)))
            // The end of the connection is told with its reason.
            case .failure: break
            case .success: if isLast, let connection = handshake.connection { handshake.end(.success(connection)) }
            }
        }
    }

    private func ended(_ reason: String) {
        if done != nil { return end(.failure(.unavailable(reason: reason))) }
        connection = nil
        lost?(reason)
        lost = nil
    }

    private func end(_ result: Result<RedisConnection, RedisError>) {
        guard let done else { return }
        self.done = nil
        timer = nil
        if case .failure = result {
            lost = nil
            connection?.close()
        }
        connection = nil
        done(result)
    }

    /// Gives up; `done` is not called.
    func cancel() {
        done = nil
        lost = nil
        timer = nil
        connection?.close()
        connection = nil
    }
}
