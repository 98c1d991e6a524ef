// SPDX-License-Identifier: Apache-2.0
import Glibc

extension Command {
    /// How long a stream may stand still: the server may be in a checkpoint, or waiting for its log to be archived.
    private static let patience: Duration = .seconds(600)

    /// Runs it to its end and hands over what it writes on standard output, piece by piece.
    ///
    /// - Parameter shouldStop: Asked at least five times a second; true ends the program.
    /// - Throws: `failed` with the end of what it wrote to `log`, `stopped`, what `consume` throws; the program has
    ///   ended then.
    func stream(
        log: String, shouldStop: () -> Bool, _ consume: (UnsafeRawBufferPointer) throws(EmbeddedServerError) -> Void
    ) throws(EmbeddedServerError) {
        let before = Int(FileSystem.status(log)?.st_size ?? 0)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw .launchFailed(program: program, reason: FileSystem.Failure.last.reason)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child: pid_t
        do throws(EmbeddedServerError) {
            child = try launch(log: log, output: ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        do throws(EmbeddedServerError) {
            try drain(ends[0], shouldStop, consume)
        } catch {
            kill(child, SIGKILL)
            _ = Self.wait(for: child)
            throw error
        }
        guard Self.wait(for: child) == 0 else {
            throw .failed(program: program, output: Self.tail(of: log, from: before))
        }
    }

    private func drain(
        _ descriptor: Int32, _ shouldStop: () -> Bool,
        _ consume: (UnsafeRawBufferPointer) throws(EmbeddedServerError) -> Void
    ) throws(EmbeddedServerError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var deadline = ContinuousClock.now + Self.patience
        while true {
            guard !shouldStop() else { throw .stopped(what: FileSystem.name(of: program)) }
            guard ContinuousClock.now < deadline else {
                throw .timedOut(server: .postgres, doing: "writing a base backup", after: Self.patience)
            }
            var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&place, 1, 200) > 0 else { continue }
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            deadline = .now + Self.patience
            try consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Runs it to its end and writes to its standard input what `produce` gives, until that gives nothing more.
    ///
    /// - Throws: `failed` with the end of what it wrote to `log`; what `produce` throws; the program has ended then.
    func feed(log: String, _ produce: () throws(EmbeddedServerError) -> [UInt8]?) throws(EmbeddedServerError) {
        let before = Int(FileSystem.status(log)?.st_size ?? 0)
        var ends: [Int32] = [-1, -1]
        // A socket and not a pipe: writing to one whose reader has gone is an error and not a signal.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .launchFailed(program: program, reason: FileSystem.Failure.last.reason)
        }
        let child: pid_t
        do throws(EmbeddedServerError) {
            child = try launch(log: log, input: ends[0])
        } catch {
            for end in ends { close(end) }
            throw error
        }
        close(ends[0])
        let outcome = Result { () throws(EmbeddedServerError) in
            while let bytes = try produce(), Self.send(bytes, over: ends[1]) {}
        }
        close(ends[1])
        let status = Self.wait(for: child)
        try outcome.get()
        guard status == 0 else { throw .failed(program: program, output: Self.tail(of: log, from: before)) }
    }

    private static func send(_ bytes: [UInt8], over descriptor: Int32) -> Bool {
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress?.advanced(by: position), bytes.count - position, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            position += count
        }
        return true
    }

    /// The status of a child's end.
    private static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
