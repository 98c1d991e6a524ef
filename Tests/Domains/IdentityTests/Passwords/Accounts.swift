// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Mail
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// One pool for all tests: each has threads of its own.
let verifier = PasswordVerifier(hashing: PasswordHashing(cost: cheap, threads: 2, queue: 1000))
let cheap = Argon2idCost(memoryKiB: 64, passes: 1, lanes: 1)

/// A person with a password, and the parts that check it.
struct Accounts: Sendable {
    static let password = "vTn4&kWz9!pL"
    /// A fixed key, so that two of these on one database are two nodes.
    static let masterKey: MasterKey = {
        guard let key = try? MasterKey(Secret([UInt8](repeating: 7, count: 32))) else { preconditionFailure() }
        return key
    }()

    let fixture: Fixture
    let lockout: LockoutService
    let passwords: PasswordService
    let secondFactors: SecondFactorService
    let signIns: SignInService
    let mails = Locked<[MailMessage]>([])

    init(_ fixture: Fixture) {
        self.fixture = fixture
        let (database, monitor) = (fixture.database, fixture.monitor)
        lockout = LockoutService(database: database, key: Self.masterKey.subkey("lockouts"))
        passwords = PasswordService(
            database: database, verifier: verifier, lockout: lockout, monitor: monitor, refusals: fixture.refusals)
        secondFactors = SecondFactorService(
            database: database, masterKey: Self.masterKey, pepper: pepper, passwords: passwords, monitor: monitor)
        signIns = SignInService(
            database: database, passwords: verifier, lockout: lockout, secondFactors: secondFactors,
            sessions: fixture.sessions, decoyKey: Self.masterKey.subkey("decoys"), refusals: fixture.refusals)
    }

    /// A member whose password is `Accounts.password`.
    func person(_ email: String, in organization: UniqueID, role: String = "developer") async throws -> UniqueID {
        let user = try fixture.person(email, in: organization, role: role)
        try await setPassword(Self.password, of: user)
        return user
    }

    func setPassword(_ password: String, of user: UniqueID) async throws {
        let hash = try await PasswordHashing(cost: cheap).hash(Secret(password))
        try fixture.store.psql("UPDATE auth.users SET password_hash = '\(hash)' WHERE id = '\(user)'")
    }

    func signIn(
        _ email: String, _ password: String = Accounts.password, code: GivenCode? = nil, from origin: Origin = here
    ) async throws -> IssuedSession {
        try await signIns.signIn(
            SignInAttempt(
                email: email, password: Secret(password), organization: nil, device: nil, code: code), from: origin)
    }

    /// Who makes requests with a session.
    func principal(_ issued: IssuedSession) async throws -> Principal {
        try await fixture.monitor.refresh()
        var principal = try #require(fixture.monitor.principal(of: issued.accessText.reveal()))
        principal.origin = here
        return principal
    }

    func begin(
        _ principal: Principal, password: String? = Accounts.password
    ) async throws -> (secret: OneTimePassword, uri: Secret<String>) {
        try await secondFactors.begin(password: password.map(Secret.init), by: principal)
    }

    /// Sets an authenticator up and returns it with the recovery codes; `now` is when its first code was typed.
    func enroll(
        _ principal: Principal, password: String = Self.password, now: Timestamp = .now()
    ) async throws -> (OneTimePassword, [RecoveryCode]) {
        let secret = try await begin(principal, password: password).secret
        return (secret, try await secondFactors.confirm(Secret(secret.code(at: now)), by: principal, now: now))
    }
}
