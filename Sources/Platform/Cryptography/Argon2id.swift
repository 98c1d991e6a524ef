// SPDX-License-Identifier: Apache-2.0
import CArgon2
import COpenSSL

/// What an Argon2id hash costs (RFC 9106).
package struct Argon2idCost: Sendable, Equatable {
    /// Memory in KiB.
    package let memoryKiB: UInt32
    /// Passes over the memory.
    package let passes: UInt32
    /// Lanes that could be filled at a time; here one thread fills them one after the other, with the same result.
    package let lanes: UInt32

    /// Any cost; one that is out of bounds is refused when it is used.
    package init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// 64 MiB, 3 passes, 4 lanes: the second recommendation of RFC 9106 §4.
    package static let standard = Argon2idCost(memoryKiB: 64 * 1024, passes: 3, lanes: 4)

    /// Reads the form that it has in a PHC string, `m=65536,t=3,p=4`; nil for any other, and for one out of bounds.
    package init?(_ text: String) {
        let costs = text.split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, let memory = Self.number(costs[0], "m="), let passes = Self.number(costs[1], "t="),
            let lanes = Self.number(costs[2], "p=")
        else { return nil }
        self.init(memoryKiB: memory, passes: passes, lanes: lanes)
        guard isBearable else { return nil }
    }

    private static func number(_ text: Substring, _ name: String) -> UInt32? {
        text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
    }

    /// Whether a hash of this cost may run here: to 1 GiB, 16 passes, 16 lanes, and 8 KiB a lane as the RFC demands.
    var isBearable: Bool {
        (1...16).contains(lanes) && (1...16).contains(passes) && memoryKiB >= 8 * lanes && memoryKiB <= 1 << 20
    }
}

/// A password's hash with all that is needed to check it, as a PHC string:
/// `$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>`, both in base 64 without padding.
struct PasswordHash: Equatable {
    let cost: Argon2idCost
    let salt: [UInt8]
    let tag: [UInt8]

    init(cost: Argon2idCost, salt: [UInt8], tag: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.tag = tag
    }

    var text: String {
        "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)"
            + "$\(Base64.encode(salt, .standardUnpadded))$\(Base64.encode(tag, .standardUnpadded))"
    }

    /// Nil for any other form, and for costs and sizes out of bounds.
    init?(_ text: String) {
        guard text.utf8.count <= 512 else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
        guard let cost = Argon2idCost(String(parts[3])),
            let salt = Base64.decode(String(parts[4]), .standardUnpadded), (8...64).contains(salt.count),
            let tag = Base64.decode(String(parts[5]), .standardUnpadded), (16...64).contains(tag.count)
        else { return nil }
        self.init(cost: cost, salt: salt, tag: tag)
        guard self.text == text else { return nil }
    }
}

/// The function itself (RFC 9106 §3). It fills its memory and takes its time: never call it on a loop.
enum Argon2id {
    static func tag(
        password: [UInt8], salt: [UInt8], cost: Argon2idCost, count: Int = 32, secret: [UInt8] = [], data: [UInt8] = []
    ) throws(CryptographyError) -> [UInt8] {
        guard cost.isBearable else { throw .invalidPasswordHash }
        // The library takes its inputs as mutable, and may wipe them.
        var inputs = (password: password, salt: salt, secret: secret, data: data)
        var output = [UInt8](repeating: 0, count: count)
        let failure = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe inputs.password.withUnsafeMutableBufferPointer { password in
                unsafe inputs.salt.withUnsafeMutableBufferPointer { salt in
                    unsafe inputs.secret.withUnsafeMutableBufferPointer { secret in
                        unsafe inputs.data.withUnsafeMutableBufferPointer { data in
                            unsafe run(output, password, salt, secret, data, cost)
                        }
                    }
                }
            }
        }
        Memory.wipe(&inputs.password)
        guard failure == ARGON2_OK.rawValue else {
            if failure == ARGON2_MEMORY_ALLOCATION_ERROR.rawValue { throw .outOfMemory }
            throw .invalidPasswordHash
        }
        return output
    }

    private typealias Buffer = UnsafeMutableBufferPointer<UInt8>

    private static func run(
        _ output: Buffer, _ password: Buffer, _ salt: Buffer, _ secret: Buffer, _ data: Buffer, _ cost: Argon2idCost
    ) -> Int32 {
        var context = unsafe argon2_context()
        unsafe (context.out, context.outlen) = (output.baseAddress, UInt32(output.count))
        unsafe (context.pwd, context.pwdlen) = (password.baseAddress, UInt32(password.count))
        unsafe (context.salt, context.saltlen) = (salt.baseAddress, UInt32(salt.count))
        unsafe (context.secret, context.secretlen) = (secret.baseAddress, UInt32(secret.count))
        unsafe (context.ad, context.adlen) = (data.baseAddress, UInt32(data.count))
        unsafe (context.m_cost, context.t_cost) = (cost.memoryKiB, cost.passes)
        // A hash that spread over all cores would take them, and their caches, from all that answers at once.
        unsafe (context.lanes, context.threads) = (cost.lanes, 1)
        unsafe context.version = ARGON2_VERSION_13.rawValue
        return unsafe argon2id_ctx(&context)
    }
}
