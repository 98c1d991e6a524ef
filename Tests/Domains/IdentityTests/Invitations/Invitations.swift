// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Mail
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// Invitations of a fixture, and what was mailed.
struct Invitations: Sendable {
    let fixture: Fixture
    let box = Letterbox()
    let queue: MailQueue
    let service: InvitationService
    let acceptances: InvitationAcceptanceService

    init(_ fixture: Fixture) throws {
        self.fixture = fixture
        queue = MailQueue(sender: box) { _ in }
        service = InvitationService(
            database: fixture.database,
            mail: MailService(
                queue: queue, from: try MailAddress(parsing: "Witan <witan@example.org>"),
                publicURL: "https://witan.example.org"))
        acceptances = InvitationAcceptanceService(
            database: fixture.database, passwords: verifier,
            lockout: LockoutService(database: fixture.database, key: pepper),
            secondFactors: Accounts(fixture).secondFactors, monitor: fixture.monitor, refusals: fixture.refusals)
    }

    func code(_ new: NewInvitation, by principal: Principal) async throws -> Secret<String> {
        try #require(try await service.create(new, by: principal).code).text
    }

    @discardableResult
    func accept(
        _ code: Secret<String>, _ email: String = "ada@example.org", password: String = Accounts.password,
        factor: GivenCode? = nil, from address: String = "192.0.2.7"
    ) async throws -> AcceptedInvitation {
        try await acceptances.accept(
            try InvitationAcceptance(
                code: code, email: try EmailAddress(email), password: Secret(password), secondFactor: factor),
            from: Origin(address: address, userAgent: "tests/1", seal: testSeal))
    }
}
