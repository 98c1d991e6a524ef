// SPDX-License-Identifier: Apache-2.0
import HTTPServer
import Identity
import Mail
import Observability
import Operations
import Postgres
import Redis

/// Turns the events of Platform modules into log lines and metrics.
struct Observer: Sendable {
    static let batches = Histogram(
        "witan_record_commit_seconds", "From a batch of records sent to its commit.")
    static let batchEntries = Counter("witan_record_entries_total", "Entries committed by the record.")
    static let refusedRequests = Counter("witan_http_refused_total", "Requests the HTTP server answered by itself.")
    static let mails = Counter("witan_mail_total", "E-mails, by what became of them.", labels: ["result"])

    static let unknownCallers = Counter(
        "witan_unknown_callers_total",
        "Sign-ins and tokens of nobody that were refused; told once a minute and network.")

    let logger: Logger
    let slowQueries = SlowQueries()
    private let logsSlowQueries: Bool

    init(logger: Logger, configuration: Configuration) {
        self.logger = logger
        logsSlowQueries = configuration.boolean("DATABASE_LOG_SLOW_QUERIES")
    }

    @Sendable func postgres(_ event: PostgresEvent) {
        switch event {
        case .connected(let backend): logger.debug("database connected", [("backend", LogValue(backend))])
        case .disconnected(let reason): logger.warning("database connection lost", [("reason", .string(reason))])
        case .slowQuery(let text, let duration):
            slowQueries.note(text, duration)
            guard logsSlowQueries else { return }
            logger.warning("slow query", [("sql", .string(text)), ("duration", .string("\(duration)"))])
        case .notice(let text): logger.debug("database notice", [("text", .string(text))])
        case .batchCommitted(let entries, let duration):
            Self.batches.observe(duration)
            Self.batchEntries.increment(by: UInt64(entries))
        case .batchRetried(let reason): logger.warning("record is tried again", [("reason", .string(reason))])
        case .entryRefused(let error): logger.error("record entry refused", [("error", LogValue(error))])
        }
    }

    @Sendable func redis(_ event: RedisEvent) {
        logger.info("redis", [("event", .string(String(describing: event)))])
    }

    @Sendable func jobs(_ event: JobSchedulerWorker.Event) {
        switch event {
        case .leading(let lease): logger.debug("runs the background jobs", [("fence", LogValue(lease.fence))])
        case .lost(let lease): logger.info("another node runs the jobs", [("fence", LogValue(lease.fence))])
        case .finished(let job, let message):
            OperationsMetrics.jobRuns[job, "done"].increment()
            logger.debug("job done", [("job", .string(job)), ("result", .string(message))])
        case .failed(let job, let error):
            OperationsMetrics.jobRuns[job, "failed"].increment()
            logger.warning("job failed", [("job", .string(job)), ("error", LogValue(error))])
        case .away(let error): logger.warning("jobs wait for the database", [("error", LogValue(error))])
        }
    }

    @Sendable func mail(_ event: MailEvent) {
        switch event {
        case .sent(let id, let attempt):
            Self.mails["sent"].increment()
            logger.info("e-mail sent", [("message_id", .string(id)), ("attempt", LogValue(attempt))])
        case .retrying(let id, let error, let wait):
            Self.mails["retried"].increment()
            logger.warning(
                "e-mail is tried again",
                [("message_id", .string(id)), ("error", LogValue(error)), ("wait", .string("\(wait)"))])
        case .failed(let id, let error):
            Self.mails["failed"].increment()
            logger.error("e-mail not delivered", [("message_id", .string(id)), ("error", LogValue(error))])
        case .overflow(let id):
            Self.mails["overflow"].increment()
            logger.error("e-mail not taken: too many wait", [("message_id", .string(id))])
        case .abandoned(let count):
            Self.mails["abandoned"].increment(by: UInt64(count))
            logger.error("e-mails not delivered before the stop", [("count", LogValue(count))])
        }
    }

    @Sendable func strangers(_ refusals: RefusedStrangers) {
        logger.warning(
            "requests of nobody known refused",
            [
                ("code", .string(refusals.code)), ("count", LogValue(refusals.count)),
                ("last_endpoint", .string(refusals.endpoint)), ("last_address", .string(refusals.address)),
            ])
    }

    /// Somebody was refused of whom no organization's log can tell.
    @Sendable func unknown(_ refusal: UnknownRefusal) {
        Self.unknownCallers.increment(by: UInt64(refusal.count))
        logger.warning(
            "refused what is nobody's",
            [
                ("gave", .string(refusal.gave)), ("network", .string(refusal.network)),
                ("count", LogValue(refusal.count)),
            ])
    }

    @Sendable func http(_ event: HTTPServerEvent) {
        Self.refusedRequests.increment()
        logger.debug("http", [("event", .string(String(describing: event)))])
    }

    @Sendable func identityProvider(_ issuer: String, _ reason: String) {
        logger.warning(
            "identity provider cannot be used", [("issuer", .string(issuer)), ("reason", .string(reason))])
    }

    @Sendable func unreadableKey(_ provider: String, _ reason: String) {
        logger.error(
            "provider left out: its key cannot be opened",
            [("provider", .string(provider)), ("reason", .string(reason))])
    }
}
