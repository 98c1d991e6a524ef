// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A secret at rest: sealed under a data key of its own, which is sealed under the master key.
///
/// Changing the master key then means sealing 32 bytes a row anew, not the secrets. Both seals are bound to the row's
/// `context` (for example table, column and row id), so that nothing opens in another row.
package struct Envelope: Sendable, Equatable {
    /// The data key, sealed under the master key: 60 bytes.
    package let wrappedKey: [UInt8]
    /// The secret, sealed under the data key.
    package let sealed: [UInt8]
    /// Which master key; see `MasterKey.id`.
    package let keyID: String

    /// An envelope as it was stored.
    package init(wrappedKey: [UInt8], sealed: [UInt8], keyID: String) {
        self.wrappedKey = wrappedKey
        self.sealed = sealed
        self.keyID = keyID
    }

    /// The same secret under another master key. Throws as `MasterKey.open` does.
    package func rewrapped(
        from old: MasterKey, to new: MasterKey, context: [UInt8]
    ) throws(CryptographyError) -> Envelope {
        var dataKey = try old.dataKey(of: self, context: context)
        defer { Memory.wipe(&dataKey) }
        return Envelope(
            wrappedKey: new.cipher.seal(dataKey, context: MasterKey.wrapping(context)), sealed: sealed, keyID: new.id)
    }
}

extension MasterKey {
    /// Seals a secret under a new data key.
    package func seal(_ plaintext: Secret<[UInt8]>, context: [UInt8]) -> Envelope {
        var dataKey = Memory.random(32)
        defer { Memory.wipe(&dataKey) }
        guard let rowCipher = try? AES256GCM(key: Secret(dataKey)) else {
            preconditionFailure("a data key has 32 bytes")
        }
        return Envelope(
            wrappedKey: cipher.seal(dataKey, context: Self.wrapping(context)),
            sealed: rowCipher.seal(plaintext.reveal(), context: context), keyID: id)
    }

    /// The secret in an envelope: `wrongKey` names both ids; `corrupted` when bytes or context are not those of the
    /// seal.
    package func open(_ envelope: Envelope, context: [UInt8]) throws(CryptographyError) -> Secret<[UInt8]> {
        var dataKey = try dataKey(of: envelope, context: context)
        defer { Memory.wipe(&dataKey) }
        return Secret(try AES256GCM(key: Secret(dataKey)).open(envelope.sealed, context: context))
    }

    /// A new data key that many things are sealed under, and the same key sealed under this one: 60 bytes to be stored
    /// together with `id`.
    package func newDataKey(context: [UInt8]) -> [UInt8] {
        var dataKey = Memory.random(32)
        defer { Memory.wipe(&dataKey) }
        return cipher.seal(dataKey, context: Self.wrapping(context))
    }

    /// The cipher of a data key that `newDataKey` made: `wrongKey` names both ids; `corrupted` when bytes or context
    /// are not those of its making.
    package func dataKey(
        _ wrapped: [UInt8], keyID: String, context: [UInt8]
    ) throws(CryptographyError) -> AES256GCM {
        let envelope = Envelope(wrappedKey: wrapped, sealed: [], keyID: keyID)
        var dataKey = try dataKey(of: envelope, context: context)
        defer { Memory.wipe(&dataKey) }
        return try AES256GCM(key: Secret(dataKey))
    }

    fileprivate func dataKey(of envelope: Envelope, context: [UInt8]) throws(CryptographyError) -> [UInt8] {
        guard envelope.keyID == id else { throw .wrongKey(needed: envelope.keyID, held: id) }
        let key = try cipher.open(envelope.wrappedKey, context: Self.wrapping(context))
        guard key.count == 32 else { throw .corrupted }
        return key
    }

    /// A wrapped key must not pass for a sealed secret of the same row.
    fileprivate static func wrapping(_ context: [UInt8]) -> [UInt8] { Array("data key".utf8) + context }
}
