// SPDX-License-Identifier: Apache-2.0
import EventLoop

/// The transfers under way, looked through every 50 ms for deadlines that have passed. Loop-confined.
final class Deadlines {
    private static let interval = Duration.milliseconds(50)

    private(set) var transfers: [Transfer] = []
    private var timer: LoopTimer?
    private var isSweeping = false
    private let expire: (Transfer, HTTPClientError) -> Void

    /// `expire` ends a transfer, which takes it off again.
    init(on loop: EventLoop, expire: @escaping (Transfer, HTTPClientError) -> Void) {
        self.expire = expire
        timer = LoopTimer(on: loop) { [unowned self] in sweep() }
    }

    func add(_ transfer: Transfer) {
        transfer.position = transfers.count
        transfers.append(transfer)
        if !isSweeping {
            isSweeping = true
            timer?.schedule(after: Self.interval)
        }
    }

    func remove(_ transfer: Transfer) {
        let last = transfers.removeLast()
        guard last !== transfer else { return }
        transfers[transfer.position] = last
        last.position = transfer.position
    }

    private func sweep() {
        let now = ContinuousClock.now
        for transfer in transfers {
            if let error = transfer.overdue(at: now) { expire(transfer, error) }
        }
        isSweeping = !transfers.isEmpty
        if isSweeping { timer?.schedule(after: Self.interval) }
    }
}
