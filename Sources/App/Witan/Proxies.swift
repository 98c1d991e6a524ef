// SPDX-License-Identifier: Apache-2.0
import Arguments

/// The proxies of the environment.
enum Proxies {
    /// Whether one is named for `http` URLs, under the names that curl reads.
    static var areNamed: Bool {
        ["http_proxy", "all_proxy", "ALL_PROXY"].contains { Terminal.environment($0)?.isEmpty == false }
    }
}
