// SPDX-License-Identifier: Apache-2.0
import Core
import SwiftExtensions

/// The rule for what people call something, or themselves.
enum DisplayName {
    /// Throws `invalid_name` unless it has 1…200 characters, counted as PostgreSQL counts them, and no controls.
    static func check(_ name: String) throws(DomainError) {
        guard (1...200).contains(name.unicodeScalars.count), !name.hasControls else {
            throw DomainError(
                .invalid, code: "invalid_name", "name must have 1 to 200 characters, and no control characters.",
                parameter: "name")
        }
    }
}

extension String {
    /// Whether there are control characters of ASCII in it.
    var hasControls: Bool { utf8.contains { $0 < 0x20 || $0 == 0x7f } }
}
