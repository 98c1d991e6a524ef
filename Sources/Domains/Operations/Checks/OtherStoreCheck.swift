// SPDX-License-Identifier: Apache-2.0

/// What is looked at in Redis.
package enum RedisRule {
    /// Redis 7 is what is tested; scripts and expiry are the same since 6.2.
    package static func version(_ subject: String, _ version: String?) -> CheckResult {
        guard let version, let major = Int(version.prefix { $0 != "." }) else {
            return CheckResult(subject, "version", .warn, "not told", advice: "Redis 7 is what is tested")
        }
        return major >= 7
            ? CheckResult(subject, "version", .ok, "Redis \(version)")
            : CheckResult(subject, "version", .warn, "Redis \(version)", advice: "Redis 7 is what is tested")
    }

    /// Keys without expiry (configuration) must not be evicted: only `volatile-*` or none will do.
    package static func eviction(_ subject: String, _ policy: String?) -> CheckResult {
        guard let policy else {
            return CheckResult(
                subject, "eviction", .warn, "not told (CONFIG is refused)",
                advice: "see that maxmemory-policy is noeviction or volatile-…")
        }
        return policy == "noeviction" || policy.hasPrefix("volatile-")
            ? CheckResult(subject, "eviction", .ok, policy)
            : CheckResult(
                subject, "eviction", .warn, "\(policy) evicts keys that have no expiry",
                advice: "CONFIG SET maxmemory-policy volatile-lru")
    }

    /// Redis speaks in the clear over TCP; the program's client has no TLS.
    package static func transport(_ subject: String, _ url: String) -> CheckResult {
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        let host = rest.prefix { $0 != "/" }.split(separator: "@").last.map(String.init) ?? ""
        if url.hasPrefix("unix:") { return CheckResult(subject, "tls", .ok, "unix socket, none needed") }
        let isLocal = ["localhost", "127.", "[::1]"].contains { host.hasPrefix($0) }
        return isLocal
            ? CheckResult(subject, "tls", .ok, "loopback, none needed")
            : CheckResult(
                subject, "tls", .warn, "none, over the network",
                advice: "put a TLS tunnel (stunnel, a sidecar) in between, or keep it in a private network")
    }
}

/// What is looked at in the search engine.
package enum SearchRule {
    /// Elasticsearch from 8.11; others that speak the same protocol are refused by their missing header.
    package static func version(_ subject: String, status: Int, product: String?, version: String?) -> CheckResult {
        guard status == 200, let version else {
            return CheckResult(
                subject, "version", .fail, "status \(status)", advice: "see to user and password in the URL")
        }
        guard product == "Elasticsearch" else {
            return CheckResult(
                subject, "version", .fail, "\(version), not Elasticsearch by its own word",
                advice: "use Elasticsearch 8.11 or newer")
        }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        let isEnough = (parts.first ?? 0) > 8 || (parts.first == 8 && (parts.dropFirst().first ?? 0) >= 11)
        return isEnough
            ? CheckResult(subject, "version", .ok, "Elasticsearch \(version)")
            : CheckResult(
                subject, "version", .fail, "Elasticsearch \(version)", advice: "use Elasticsearch 8.11 or newer")
    }
}
