// SPDX-License-Identifier: Apache-2.0
import EventLoop

extension PostgresConnection {
    /// Runs a `COPY … TO STDOUT` and hands its bytes to `take` in chunks of about 256 KB, cut anywhere; they are the
    /// file format of PostgreSQL's documentation, "COPY". At most five chunks are in memory: a slow `take` holds the
    /// server back. No parameters; at most the connection's `queryTimeout` between two arrivals.
    ///
    /// When `take` throws, or the calling task is cancelled, the connection is closed and serves no more.
    ///
    /// - Returns: The rows copied.
    @discardableResult
    package func copyOut(_ statement: SQL, _ take: ([UInt8]) async throws -> Void) async throws -> Int {
        let exchange = CopyOutExchange(statement)
        return try await session.copying {
            await session.onSession { $0?.submit(exchange) ?? exchange.fail(.closed) }
            while let chunk = try await session.next(of: exchange).get() {
                do {
                    try await take(chunk)
                } catch {
                    session.close()
                    throw error
                }
            }
            return try await session.outcome(of: exchange)
        }
    }

    /// Runs a `COPY … FROM STDIN` with what `next` gives until it gives nil. Chunks may be cut anywhere; the next one
    /// is asked for when the system has taken the one before, so that one or two are in memory. No parameters.
    ///
    /// When `next` throws, the server undoes the COPY (and with it the transaction it is in), and the error is
    /// rethrown. An error of the server shows when all data was sent. A cancelled task closes the connection.
    ///
    /// - Returns: The rows copied.
    @discardableResult
    package func copyIn(_ statement: SQL, _ next: () async throws -> [UInt8]?) async throws -> Int {
        let exchange = CopyInExchange(statement)
        return try await session.copying {
            await session.onSession { $0?.submit(exchange) ?? exchange.fail(.closed) }
            if await session.open(exchange) {
                do {
                    while let chunk = try await next(), await session.put(chunk, to: exchange) {}
                } catch {
                    await session.end(exchange, failure: "its source failed")
                    throw error
                }
                await session.end(exchange, failure: nil)
            }
            return try await session.outcome(of: exchange)
        }
    }
}

/// The steps of a COPY, each on the session's loop.
extension DedicatedSession {
    /// Closes the connection when the task is cancelled: half a COPY leaves nothing else to do.
    fileprivate func copying<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await withTaskCancellationHandler(operation: body) {
            loop.execute { [self] in session?.close(.cancelled) }
        }
    }

    fileprivate func onSession(_ body: @escaping @Sendable (Session?) -> Void) async {
        await onLoop(loop) { [self] in body(session) }
    }

    fileprivate func next(of exchange: CopyOutExchange) async -> CopyOutExchange.Piece {
        await withCheckedContinuation { reader in
            loop.execute { [self] in exchange.next(reader, on: session) }
        }
    }

    fileprivate func open(_ exchange: CopyInExchange) async -> Bool {
        await withCheckedContinuation { writer in loop.execute { exchange.open(writer) } }
    }

    fileprivate func put(_ bytes: [UInt8], to exchange: CopyInExchange) async -> Bool {
        await withCheckedContinuation { writer in
            loop.execute { [self] in
                guard let session else { return writer.resume(returning: false) }
                exchange.put(bytes, on: session, writer)
            }
        }
    }

    fileprivate func end(_ exchange: CopyInExchange, failure reason: String?) async {
        _ = await withCheckedContinuation { writer in
            loop.execute { [self] in
                guard let session else { return writer.resume(returning: false) }
                exchange.close(failure: reason, on: session, writer)
            }
        }
    }

    fileprivate func outcome(of exchange: CopyExchange) async throws(PostgresError) -> Int {
        let outcome = await withCheckedContinuation { answer in
            loop.execute { answer.resume(returning: exchange.outcome ?? .failure(.closed)) }
        }
        return try outcome.get()
    }
}
