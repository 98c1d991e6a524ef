// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// An order that nothing of a person, or of the whole organization, is erased or dropped while it stands.
package struct LegalHold: Sendable, Equatable {
    /// UUIDv7.
    package let id: UniqueID
    /// Whose data are held; nil holds the whole organization's.
    package let person: UniqueID?
    /// The case it is for, 1…2000 characters.
    package let matter: String
    /// The person who placed it; nil when a program did.
    package let placedBy: UniqueID?
    /// From when on it stands.
    package let placedAt: Timestamp
    /// When it ended; nil while it stands.
    package let releasedAt: Timestamp?
    /// The person who ended it; nil when a program did, or while it stands.
    package let releasedBy: UniqueID?
}

/// A hold as somebody asks for it.
package struct NewLegalHold: Sendable, Equatable {
    /// Nil for the whole organization.
    package let person: UniqueID?
    /// 1…2000 characters.
    package let matter: String

    /// Refuses a matter that is empty, too long, or has control characters.
    package init(person: UniqueID?, matter: String) throws(DomainError) {
        guard (1...2000).contains(matter.unicodeScalars.count), !matter.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_value", "matter must have 1 to 2000 characters, and no control characters.",
                parameter: "matter")
        }
        self.person = person
        self.matter = matter
    }
}
