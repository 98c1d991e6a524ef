// SPDX-License-Identifier: Apache-2.0
import API
import Arguments
import Cryptography
import HTTPClient
import Identity
import Mail
import Postgres
import Providers
import QRCode

/// Everything about who may do what, made once, in order.
struct IdentityParts: Sendable {
    let monitor: IdentityMonitor
    let organizations: OrganizationService
    let keys: APIKeyService
    let keyUsage: APIKeyUsageWorker
    let refusals: RefusalService
    let refusedRequests: RefusedRequestWorker
    let roles: CustomRoleService
    let members: MemberService
    let teams: TeamService
    let invitations: InvitationService
    let acceptances: InvitationAcceptanceService
    let directory: OrganizationDirectoryService
    let passwords: PasswordVerifier
    let sessions: SessionService
    let signIn: SignInService
    let singleSignOnProviders: SingleSignOnProviderService
    let signOn: SignOnService
    let passwordChanges: PasswordService
    let secondFactors: SecondFactorService
    let passwordResets: PasswordResetService
    let resetMails: PasswordResetWorker
    let mailQueue: MailQueue
    let mail: MailService
    let privacy: PrivacyParts

    /// `federation` goes to identity providers and nowhere else. `announce` tells other nodes that they should look.
    init(
        _ configuration: Configuration, database: Database, masterKey: MasterKey, federation: HTTPClient,
        observer: Observer,
        announce: @escaping @Sendable () -> Void
    ) throws {
        let pepper = masterKey.subkey("api keys")
        let tokenKey = masterKey.subkey("access tokens")
        let monitor = IdentityMonitor(
            database: database, pepper: pepper, tokenKey: tokenKey, onChange: announce)
        self.monitor = monitor
        organizations = OrganizationService(database: database, pepper: pepper, monitor: monitor)
        keys = APIKeyService(database: database, pepper: pepper, monitor: monitor)
        mailQueue = MailQueue(sender: try configuration.mailSender(Terminal.standard.write), observe: observer.mail)
        mail = MailService(queue: mailQueue, from: try configuration.mailFrom(), publicURL: configuration.publicURL)
        privacy = try PrivacyParts(database: database, masterKey: masterKey, monitor: monitor)
        keyUsage = APIKeyUsageWorker(database: database, monitor: monitor)
        refusedRequests = RefusedRequestWorker(
            database: database, monitor: monitor, onStrangers: observer.strangers)
        let refusals = RefusalService(database: database, observe: observer.unknown)
        self.refusals = refusals
        sessions = SessionService(
            database: database, tokenKey: tokenKey,
            lifetimes: SessionService.Lifetimes(
                access: configuration.duration("WITAN_ACCESS_TOKEN_LIFETIME"),
                session: configuration.duration("WITAN_SESSION_LIFETIME")),
            monitor: monitor, refusals: refusals)
        passwords = PasswordVerifier(hashing: configuration.passwordHashing)
        let openID = OpenIDClient(
            client: federation, allowsPrivate: configuration.boolean("WITAN_SSO_PRIVATE_ISSUERS"),
            observe: observer.identityProvider)
        singleSignOnProviders = SingleSignOnProviderService(database: database, masterKey: masterKey, client: openID)
        let lockout = LockoutService(database: database, key: masterKey.subkey("lockouts"))
        signOn = SignOnService(
            database: database, masterKey: masterKey, client: openID, sessions: sessions, lockout: lockout,
            refusals: refusals, publicURL: configuration.publicURL)
        passwordChanges = PasswordService(
            database: database, verifier: passwords, lockout: lockout, monitor: monitor, refusals: refusals)
        secondFactors = SecondFactorService(
            database: database, masterKey: masterKey, pepper: masterKey.subkey("recovery codes"),
            passwords: passwordChanges, monitor: monitor)
        signIn = SignInService(
            database: database, passwords: passwords, lockout: lockout, secondFactors: secondFactors,
            sessions: sessions, decoyKey: masterKey.subkey("password decoys"), refusals: refusals)
        resetMails = PasswordResetWorker(
            database: database,
            limits: PasswordResetLimits(lifetime: configuration.duration("WITAN_PASSWORD_RESET_LIFETIME")), mail: mail,
            refusals: refusals)
        passwordResets = PasswordResetService(
            database: database, verifier: passwords, lockout: lockout, monitor: monitor, worker: resetMails,
            refusals: refusals)
        roles = CustomRoleService(database: database, monitor: monitor)
        members = MemberService(database: database, monitor: monitor)
        teams = TeamService(database: database)
        invitations = InvitationService(database: database, mail: mail)
        acceptances = InvitationAcceptanceService(
            database: database, passwords: passwords, lockout: lockout, secondFactors: secondFactors, monitor: monitor,
            refusals: refusals)
        directory = OrganizationDirectoryService(database: database, monitor: monitor, invitations: invitations) {
            try await ProviderService.createSandbox(organization: $0, masterKey: masterKey, in: $1)
        }
    }

    var endpoints: [Endpoint] {
        organizations.endpoints + keys.endpoints + SessionRoutes.endpoints(signIn: signIn, sessions: sessions)
            + roles.endpoints + members.endpoints + teams.endpoints + invitations.endpoints + acceptances.endpoints
            + directory.endpoints + privacy.endpoints
            + singleSignOnProviders.endpoints(publicURL: mail.publicURL) + signOn.endpoints
            + PasswordRoutes.endpoints(passwords: passwordChanges, resets: passwordResets)
            + secondFactors.endpoints { try QRMatrix($0).svg }
    }
}
