// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// One e-mail to one address: a text, and perhaps the same as HTML. RFC 5322 and MIME (RFC 2045–2047).
///
/// What goes into headers was checked when the value was made: no line break can smuggle in a header.
package struct MailMessage: Sendable, Equatable {
    /// Unique in the world; the `Message-ID` without its brackets, the same at each try.
    package let id: String
    /// Who sends it.
    package let from: MailAddress
    /// Who gets it.
    package let to: MailAddress
    /// One line of at most 200 bytes, any script.
    package let subject: String
    /// The text; line ends of any kind.
    package let text: String
    /// The same as HTML, for those who show it.
    package let html: String?
    /// When it was made.
    package let date: Timestamp

    /// The bound on text and HTML together, in bytes.
    package static let maximumBytes = 256 << 10

    /// Throws `invalidField` for a subject with control characters or beyond 200 bytes, and `tooLarge`.
    package init(
        from: MailAddress, to: MailAddress, subject: String, text: String, html: String? = nil,
        date: Timestamp = .now()
    ) throws(MailError) {
        guard HeaderText.isOneLine(subject), (1...200).contains(subject.utf8.count) else {
            throw .invalidField("subject")
        }
        guard text.utf8.count + (html?.utf8.count ?? 0) <= Self.maximumBytes else {
            throw .tooLarge(limit: Self.maximumBytes)
        }
        id = "\(UniqueID.v7())@\(from.address.domain)"
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.date = date
    }

    /// `text` made fit for a subject or name: control characters become blanks, what is beyond 200 bytes is cut off.
    package static func line(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            let kept = HeaderText.isOneLine(String(scalar)) ? scalar : " "
            if line.utf8.count + UTF8.width(kept) > 200 { break }
            line.unicodeScalars.append(kept)
        }
        return line
    }

    /// What it takes in memory while it waits, about.
    var size: Int { 1024 + subject.utf8.count + text.utf8.count + (html?.utf8.count ?? 0) }

    /// The bytes that travel: lines of at most 78 characters ended by CRLF, all ASCII.
    package var bytes: [UInt8] {
        var head: [(String, String)] = [
            ("From", from.header), ("To", to.header), ("Subject", HeaderText.unstructured(subject)),
            ("Date", Self.date(date)), ("Message-ID", "<\(id)>"),
            // RFC 3834: out-of-office programs do not answer it.
            ("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0"),
        ]
        guard let html else {
            head += Self.part("plain")
            return Self.lines(head) + QuotedPrintable.encode(text)
        }
        // Cannot occur in what it separates: quoted-printable never writes "=_".
        let boundary = "=_\(id.prefix { $0 != "@" })"
        head.append(("Content-Type", "multipart/alternative;\r\n boundary=\"\(boundary)\""))
        return Self.lines(head)
            + Array("--\(boundary)\r\n".utf8) + Self.lines(Self.part("plain")) + QuotedPrintable.encode(text)
            + Array("\r\n--\(boundary)\r\n".utf8) + Self.lines(Self.part("html")) + QuotedPrintable.encode(html)
            + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    private static func part(_ type: String) -> [(String, String)] {
        [("Content-Type", "text/\(type); charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")]
    }

    private static func lines(_ fields: [(String, String)]) -> [UInt8] {
        Array((fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n").utf8)
    }

    /// RFC 5322 §3.3, in UTC: `Sat, 21 Nov 2026 13:17:31 +0000`.
    static func date(_ time: Timestamp) -> String {
        let days = time.seconds >= 0 ? time.seconds / 86_400 : (time.seconds - 86_399) / 86_400
        let date = CivilDate(daysSince1970: days)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(((days % 7) + 7) % 7)]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = time.description.split(separator: "T").last?.prefix(8) ?? ""
        return "\(weekday), \(date.day) \(month[Int(date.month) - 1]) \(date.year) \(clock) +0000"
    }
}
