// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions

/// How many accounts have a hash of which cost. After a change of the cost most are of the old one for as long as
/// people have not signed in, and the time that a check takes would tell who has an account.
struct PasswordCosts: Sendable {
    private let costs: [(cost: Argon2idCost, accounts: Int)]

    /// As they are stored; `new` is what new hashes cost.
    init(_ stored: [(cost: Argon2idCost, accounts: Int)], new: Argon2idCost) {
        // New ones first: as they become more, an address passes from old to new once, as an account does.
        costs = stored.filter { $0.cost == new } + stored.filter { $0.cost != new }
    }

    /// The cost that somebody without a hash seems to have, as common among them as among accounts, and for one of them
    /// always the same: `code` is theirs, by a key that nobody knows. Nil when there are no hashes.
    func cost(for code: Digest) -> Argon2idCost? {
        let total = costs.reduce(0) { $0 + $1.accounts }
        let number = code.bytes.prefix(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var place = Int((number * UInt64(clamping: total)) >> 32)
        return costs.first { entry in
            place -= entry.accounts
            return place < 0
        }?.cost
    }
}
