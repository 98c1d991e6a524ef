// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// An organization as those see it who run the installation.
package struct ListedOrganization: Sendable, Equatable {
    /// A UUIDv7.
    package let id: UniqueID
    /// 1…200 characters.
    package let name: String
    /// Its name in addresses; unique.
    package let slug: String
    /// `free`, `professional` or `enterprise`.
    package let plan: OrganizationPlan
    /// How many people belong to it.
    package let memberCount: Int64
    /// When the database wrote it.
    package let createdAt: Timestamp
    /// When it was retired; nil while it is in use.
    package let retiredAt: Timestamp?
}

/// What an organization has booked.
package enum OrganizationPlan: String, Sendable, CaseIterable {
    case free, professional, enterprise
}

/// What a new organization is to be.
package struct NewOrganization: Sendable {
    /// 1…200 characters.
    package let name: String
    /// 1…63 of a–z, 0–9 and `-`, not `-` first; unique in the installation.
    package let slug: String
    /// What it has booked.
    package let plan: OrganizationPlan
    /// The invitation of its first administrator.
    package let administrator: NewInvitation

    /// Checks the bounds. Without an address, or with `showsCode`, the code of the administrator's invitation is shown.
    package init(
        name: String, slug: String, plan: OrganizationPlan = .free, administrator email: EmailAddress? = nil,
        showsCode: Bool = false
    ) throws(DomainError) {
        try DisplayName.check(name)
        let isAllowed = { (byte: UInt8) in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
        }
        guard (1...63).contains(slug.utf8.count), slug.utf8.allSatisfy(isAllowed), !slug.hasPrefix("-") else {
            throw DomainError(
                .invalid, code: "invalid_slug", "slug takes 1 to 63 of a-z, 0-9 and -, and does not begin with -.",
                parameter: "slug")
        }
        self.name = name
        self.slug = slug
        self.plan = plan
        administrator = try NewInvitation(email: email, role: RoleChoice(.admin), showsCode: showsCode)
    }
}
