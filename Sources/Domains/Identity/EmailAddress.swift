// SPDX-License-Identifier: Apache-2.0
package import Core
package import SwiftExtensions

/// A person's e-mail address: in lower case and ASCII, so that two that look alike are alike.
package struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address itself, as `EmailAddress("Ada@Example.org")` is ada@example.org.
    package var description: String { spec.description }
    /// What stands after the `@`.
    package var domain: String { spec.domain }
    /// For sending to it.
    package let spec: AddrSpec

    /// Reads an address of at most 320 bytes; capital letters become small ones, nothing else is changed. Throws
    /// `invalid_email`, naming `field`.
    package init(_ text: String, field: String = "email") throws(DomainError) {
        do {
            spec = try AddrSpec(text.hasOnlyBytes { $0 < 128 } ? text.lowercased() : text)
        } catch {
            throw DomainError(
                .invalid, code: "invalid_email", Self.sentence(error, field: field), parameter: field)
        }
    }

    private static func sentence(_ problem: AddrSpec.Problem, field: String) -> String {
        switch problem {
        case .notASCII:
            "\(field) takes ASCII letters only, since others can look like them; "
                + "write an internationalised domain in its xn-- form."
        case .control: "\(field) takes no blanks and no control characters."
        case .notOneAt: "\(field) takes an address with one @, such as ada@example.org."
        case .localPart:
            "\(field) takes 1 to 64 letters, digits and signs before the @, with single dots between them."
        case .domain: "\(field) takes the name of a domain after the @, such as ada@example.org."
        }
    }
}
