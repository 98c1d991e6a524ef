// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
package import Postgres
import SwiftExtensions

/// Sends the mails with which forgotten passwords are set anew.
///
/// Requests are only put aside when they come and looked at later, so that neither the answer nor its time says whether
/// there is such an account.
package final class PasswordResetWorker: Sendable {
    private let database: Database
    private let limits: PasswordResetLimits
    private let mail: MailService
    private let refusals: RefusalService
    private let waiting = Locked<[(PasswordResetRequest, network: String)]>([])

    package init(database: Database, limits: PasswordResetLimits, mail: MailService, refusals: RefusalService) {
        self.database = database
        self.limits = limits
        self.mail = mail
        self.refusals = refusals
    }

    /// Puts a request aside; false when too many are waiting, or of the same network alone: nobody keeps others out.
    package func submit(_ request: PasswordResetRequest) -> Bool {
        let network = AccountAttempt.network(of: request.origin)
        return waiting.withLock { waiting in
            guard waiting.count < PasswordResetLimits.waiting,
                waiting.count(where: { $0.network == network }) < PasswordResetLimits.waitingOfOne
            else { return false }
            waiting.append((request, network))
            return true
        }
    }

    /// Looks at what was put aside. What fails is lost, and thrown at the end: people ask again.
    package func work() async throws {
        let requests = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var failure: (any Error)?
        for (request, network) in requests {
            do { try await answer(request, from: network) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func answer(_ request: PasswordResetRequest, from network: String) async throws {
        guard let email = try? EmailAddress(request.email),
            let user = try await AccountStore.user(with: email, in: database)
        else { return refusals.unknown("address for a password reset", from: request.origin) }
        guard let first = try await AccountStore.organizations(of: user, in: database).first else { return }
        let token = PasswordResetToken.generate()
        // Whoever it was; the address that it came from is nevertheless sealed as the person's.
        let actor = Actor("system", person: user, from: request.origin)
        let isMade = try await database.transaction(organization: first) { transaction in
            guard
                try await PasswordResetStore.insert(
                    token.hash, of: user, lifetime: limits.lifetime, atMost: PasswordResetLimits.perHour,
                    in: transaction)
            else { return false }
            try await PersonAuditService.append(
                "password_reset.requested", of: user, by: actor, home: first, in: transaction)
            return true
        }
        guard isMade else {
            return try await refusals.record(
                Refusal("password_reset.refused", .tooManyMails, of: user, from: request.origin, by: actor))
        }
        mail.send(
            to: email, subject: "A new password for Witan", text: text(token, from: request.origin), askedBy: network)
    }

    private func text(_ token: PasswordResetToken, from origin: Origin) -> String {
        """
        Somebody, from the address \(origin.address), asked for a new password for your account at \(mail.publicURL).

        To set one, run this within \(minutes) minutes; it asks for the code below and for the new password:

            witan account reset-password --url \(mail.publicURL)

            \(token.text.reveal())

        Setting it signs you out everywhere. If it was not you who asked, do nothing: your password stays as it is.

        """
    }

    private var minutes: Int64 { max(1, limits.lifetime.components.seconds / 60) }
}
