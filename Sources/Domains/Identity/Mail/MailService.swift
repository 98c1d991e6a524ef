// SPDX-License-Identifier: Apache-2.0
package import Mail

/// E-mails to people: who writes, where links lead, and the queue they leave by.
package struct MailService: Sendable {
    private let queue: MailQueue
    private let from: MailAddress
    /// Where this installation is reached, without a slash at the end: `https://witan.example.org`.
    package let publicURL: String

    package init(queue: MailQueue, from: MailAddress, publicURL: String) {
        self.queue = queue
        self.from = from
        self.publicURL = publicURL
    }

    /// Puts a text on its way and returns at once: the caller's answer neither waits for the mail server nor tells
    /// by its time or status whether there was something to send. What became of it is in the log and the metrics.
    ///
    /// A subject with control characters, or beyond 200 bytes, is cleaned and cut, not refused: by now the act it
    /// tells of has happened. A text too large for an e-mail is not sent. `asker` is whoever has it sent, an
    /// organization or a network: none of them takes more than its share of the queue.
    package func send(to address: EmailAddress, subject: String, text: String, askedBy asker: String) {
        guard
            let to = try? MailAddress(address.spec),
            let message = try? MailMessage(from: from, to: to, subject: MailMessage.line(subject), text: text)
        else { return }
        queue.submit(message, askedBy: asker)
    }
}
