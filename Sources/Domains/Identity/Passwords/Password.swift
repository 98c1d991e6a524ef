// SPDX-License-Identifier: Apache-2.0
import CommonPasswords
package import Core
package import SwiftExtensions
import UnicodeText

/// A new password that meets the rule: 12 to 128 characters, no control characters, not easy to guess.
///
/// Characters are Unicode code points after normalization to Form C (NIST SP 800-63B §5.1.1.2), so that an é counts
/// once however it was typed. There are no rules on kinds of characters: they make passwords predictable, not strong.
package struct Password: Sendable {
    /// The fewest and the most code points after normalization.
    package static let characters = 12...128
    /// The most bytes of UTF-8 that are looked at; what is longer cannot have 128 characters.
    package static let bytesMaximum = 2048

    /// In Normalization Form C: what is hashed.
    package let text: Secret<String>

    /// Checks a password that somebody wants to have. `person` is what others know of them; `field` is the request's
    /// field that the error names.
    package init(
        _ text: Secret<String>, of person: KnownWords = KnownWords(), field: String = "password"
    ) throws(DomainError) {
        let normal = try Self.normalized(text, field: field)
        let scalars = Array(normal.reveal().unicodeScalars)
        guard scalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw Self.invalid("takes no control characters such as tabs and line ends", field)
        }
        guard Self.characters.contains(scalars.count) else {
            throw Self.invalid("takes 12 to 128 characters; a few words of your own are easy to remember", field)
        }
        guard !Self.isRegular(scalars), !CommonPassword.matches(normal.reveal()) else {
            throw Self.weak("is among those that are tried first; add words that nobody would expect", field)
        }
        guard !person.give(normal.reveal()) else {
            throw Self.weak(
                "is made of your name, address or organization; add words that have nothing to do with them", field)
        }
        self.text = normal
    }

    /// What is hashed for a password as it was typed, be it good or not; refuses more than `bytesMaximum`, unseen.
    static func normalized(_ text: Secret<String>, field: String = "password") throws(DomainError) -> Secret<String> {
        do throws(UnicodeTextError) {
            return Secret(try Normalization.nfc(text.reveal(), limit: bytesMaximum))
        } catch {
            guard case .tooLong = error else {
                throw DomainError(.unavailable, code: "out_of_memory", error.description + ".", retryAfter: .seconds(5))
            }
            throw invalid("takes 12 to 128 characters; this one has more bytes than those can have", field)
        }
    }

    /// Whether a text repeats a short piece, or hardly does anything but count up, down or stand still.
    private static func isRegular(_ scalars: [Unicode.Scalar]) -> Bool {
        let values = scalars.map { Int($0.value) }
        if CommonPassword.unit(of: values).count < 8 { return true }
        let surprises = zip(values, values.dropFirst()).count { first, second in
            let step = second - first
            // From 9 to 0 and back as on the keyboard.
            return abs(step) > 1 && !(Set([first, second]) == [0x30, 0x39])
        }
        return surprises < 5
    }

    private static func invalid(_ what: String, _ field: String) -> DomainError {
        DomainError(.invalid, code: "invalid_password", "\(field) \(what).", parameter: field)
    }

    private static func weak(_ what: String, _ field: String) -> DomainError {
        DomainError(.invalid, code: "weak_password", "\(field) \(what).", parameter: field)
    }
}

/// What others know of a person: no password is made of that.
package struct KnownWords: Sendable, Equatable {
    private let words: [[UInt8]]

    /// Address, name and organizations, whole and in parts; parts below four characters do not count.
    package init(email: String? = nil, name: String? = nil, organizations: [String] = []) {
        let whole = [email, name].compactMap(\.self) + organizations
        let parts = whole.flatMap { $0.split { !$0.isLetter && !$0.isNumber }.map(String.init) }
        words = Set((whole + parts).map(CommonPassword.fold)).filter { $0.count >= 4 }.sorted { $0.count > $1.count }
    }

    /// Whether a password has a word of them in it and, without all of them, fewer than eight bytes of its own.
    func give(_ password: String) -> Bool {
        var rest = CommonPassword.fold(password)
        let whole = rest.count
        for word in words { Self.remove(word, from: &rest) }
        return rest.count < whole && rest.count < 8
    }

    private static func remove(_ word: [UInt8], from text: inout [UInt8]) {
        var start = 0
        while start + word.count <= text.count {
            if text[start..<start + word.count].elementsEqual(word) {
                text.removeSubrange(start..<start + word.count)
            } else {
                start += 1
            }
        }
    }
}
