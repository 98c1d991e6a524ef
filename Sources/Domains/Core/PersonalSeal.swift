// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// Seals what the log keeps of people. Each person has a key in each organization, which is kept sealed under the
/// master key; destroying it erases what was sealed, wherever copies of it are, and leaves the log as it is.
///
/// Nothing is remembered between two uses: a key that is destroyed is gone at once.
package final class PersonalSeal: Sendable {
    /// Whose key it is, and where.
    package struct Owner: Sendable, Hashable {
        /// The organization in whose log it is used.
        package let organization: UniqueID
        /// The person.
        package let person: UniqueID

        package init(organization: UniqueID, person: UniqueID) {
            self.organization = organization
            self.person = person
        }

        fileprivate var context: [UInt8] {
            Array("auth.payload_keys".utf8) + organization.bytes + person.bytes
        }
    }

    /// A person's key as it is stored.
    package struct Key: Sendable, Equatable {
        /// The key, sealed under the master key and bound to its owner.
        package let wrapped: [UInt8]
        /// Which master key; see `MasterKey.id`.
        package let masterKeyID: String

        package init(wrapped: [UInt8], masterKeyID: String) {
            self.wrapped = wrapped
            self.masterKeyID = masterKeyID
        }
    }

    private let masterKey: MasterKey

    package init(_ masterKey: MasterKey) { self.masterKey = masterKey }

    /// A new key for a person.
    package func newKey(for owner: Owner) -> Key {
        Key(wrapped: masterKey.newDataKey(context: owner.context), masterKeyID: masterKey.id)
    }

    /// Seals facts of the entry with this id; they open in no other. Throws `wrongKey` when another master key is
    /// needed.
    package func seal(
        _ facts: [UInt8], under key: Key, of owner: Owner, entry: UniqueID
    ) throws(CryptographyError) -> [UInt8] {
        try cipher(key, of: owner).seal(facts, context: Self.context(of: entry))
    }

    /// The facts of an entry; `corrupted` when they, the key or the entry are not those of the seal.
    package func open(
        _ sealed: [UInt8], under key: Key, of owner: Owner, entry: UniqueID
    ) throws(CryptographyError) -> [UInt8] {
        try cipher(key, of: owner).open(sealed, context: Self.context(of: entry))
    }

    private func cipher(_ key: Key, of owner: Owner) throws(CryptographyError) -> AES256GCM {
        try masterKey.dataKey(key.wrapped, keyID: key.masterKeyID, context: owner.context)
    }

    private static func context(of entry: UniqueID) -> [UInt8] {
        Array("witan.audit.personal.1".utf8) + entry.bytes
    }
}
