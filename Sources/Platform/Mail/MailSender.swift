// SPDX-License-Identifier: Apache-2.0

/// A way out for e-mail: a mail server, or the terminal of who develops.
package protocol MailSender: Sendable {
    /// Delivers one message, once. Waits without holding a thread of the caller's; ends within the sender's deadline.
    func send(_ message: MailMessage) async throws(MailError)
}

/// Shows messages in place of sending them.
package struct ConsoleMailSender: MailSender {
    private let note: String
    private let write: @Sendable (String) -> Void

    /// `note` stands above each message and says why it is not sent; `write` shows a piece of text.
    package init(note: String, write: @escaping @Sendable (String) -> Void) {
        self.note = note
        self.write = write
    }

    /// Shows recipient, subject and text, without what a terminal would act on.
    package func send(_ message: MailMessage) async throws(MailError) {
        var text = HeaderText.printable(message.text.replacing("\r\n", with: "\n"))
        while text.last == "\n" { text.removeLast() }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "  | \($0)\n" }.joined()
        write("\n\(note)\n  To: \(message.to.address)\n  Subject: \(message.subject)\n\(lines)\n")
    }
}
