// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A request that was refused for who sent it: nobody known, or somebody without the right.
package struct RefusedRequest: Sendable {
    /// The error's, as clients see it.
    package let code: String
    /// What was asked for, as `POST /api/v1/keys`, with the pattern of the path.
    package let endpoint: String
    /// Where it came from.
    package let origin: Origin
    /// Who sent it; nil where that is not known.
    package let principal: Principal?
    /// What was sent to prove it, where that proved nothing; nil where nothing was.
    package let credential: Secret<String>?

    package init(
        code: String, endpoint: String, origin: Origin, principal: Principal? = nil, credential: Secret<String>? = nil
    ) {
        self.code = code
        self.endpoint = endpoint
        self.origin = origin
        self.principal = principal
        self.credential = credential
    }
}

/// A caller that is known, though what it sent is not good (any more).
package struct KnownCaller: Sendable, Hashable {
    /// In whose log its refusals are written.
    package let organization: UniqueID
    /// The key or person.
    package let caller: Caller
    /// The person: who signed in, or who owns the key; nil for a key that is nobody's.
    package let person: UniqueID?

    package init(organization: UniqueID, caller: Caller, person: UniqueID?) {
        self.organization = organization
        self.caller = caller
        self.person = person
    }
}
