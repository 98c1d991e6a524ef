// SPDX-License-Identifier: Apache-2.0

/// The program's version (semver.org).
enum Version {
    static let current = "0.1.0"
}
