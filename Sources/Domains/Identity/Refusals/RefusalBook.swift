// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions

/// Whose credential was refused.
enum RefusedCaller: Sendable, Equatable {
    case known(KnownCaller)
    /// A key that may have been one of ours once; the database knows.
    case key(Digest)
    /// An access token of ours whose time is over: its holder gets the next one.
    case late
    case unknown
}

/// Refused requests, counted until they are written: of each caller and code one entry a minute, whatever comes.
///
/// All of it is bounded. What finds no place is counted among the unknown.
struct RefusalBook: Sendable {
    /// One entry to be, or one line of the program's log.
    struct Line: Sendable, Equatable {
        /// Nil for nobody known.
        let caller: KnownCaller?
        let code: String
        /// Of the newest.
        var endpoint: String
        /// Of the newest.
        var origin: Origin
        /// Since the last one that was written.
        var count: Int
    }

    private struct Name: Hashable {
        let caller: KnownCaller?
        let code: String

        init(_ caller: KnownCaller?, _ code: String) { (self.caller, self.code) = (caller, code) }
    }

    private struct Place {
        var line: Line
        /// When it was last written; nil before the first time.
        var writtenAt: Timestamp?
    }

    /// Callers and codes at once.
    static let linesMaximum = 1024
    /// Keys that wait to be looked up; they are a few a second, so that a flood of made-up ones costs nothing.
    static let lookupsMaximum = 4
    /// An entry or warning for each caller and code.
    static let interval = Duration.seconds(60)

    /// What is counted together for want of a place.
    private static let rest = Name(nil, "others")

    private var places: [Name: Place] = [:]
    private var waiting: [Digest: RefusedRequest] = [:]
    /// Keys that were looked up before and found, revoked as they are.
    private var found: [Digest: KnownCaller] = [:]

    /// Counts a request.
    mutating func note(_ request: RefusedRequest, of caller: RefusedCaller) {
        switch caller {
        case .late: break
        case .unknown: count(request, of: nil)
        case .known(let caller): count(request, of: caller)
        case .key(let hash):
            if let caller = found[hash] { return count(request, of: caller) }
            guard waiting[hash] == nil, waiting.count < Self.lookupsMaximum else { return count(request, of: nil) }
            waiting[hash] = request
        }
    }

    private mutating func count(_ request: RefusedRequest, of caller: KnownCaller?, times: Int = 1) {
        var name = Name(caller, request.code)
        if places[name] == nil, places.count >= Self.linesMaximum { name = Self.rest }
        var place =
            places[name]
            ?? Place(
                line: Line(
                    caller: name.caller, code: name.code, endpoint: "", origin: request.origin, count: 0))
        (place.line.endpoint, place.line.origin) = (request.endpoint, request.origin)
        place.line.count += times
        places[name] = place
    }

    /// Takes the keys that wait to be looked up.
    mutating func takeLookups() -> [(hash: Digest, request: RefusedRequest)] {
        defer { waiting = [:] }
        return waiting.map { ($0.key, $0.value) }
    }

    /// What a lookup came to; nil for a key that never was.
    mutating func settle(_ hash: Digest, _ request: RefusedRequest, _ caller: KnownCaller?) {
        if let caller, found.count < Self.linesMaximum { found[hash] = caller }
        count(request, of: caller)
    }

    /// Takes what is to be written now, and forgets what has been quiet for the interval.
    mutating func takeDue(at now: Timestamp) -> [Line] {
        var due: [Line] = []
        for (name, place) in places where place.writtenAt.map({ $0 + Self.interval <= now }) ?? true {
            guard place.line.count > 0 else {
                places[name] = nil
                continue
            }
            due.append(place.line)
            places[name]?.line.count = 0
            places[name]?.writtenAt = now
        }
        return due
    }

    /// Counts a line again that could not be written.
    mutating func putBack(_ line: Line) {
        let request = RefusedRequest(code: line.code, endpoint: line.endpoint, origin: line.origin)
        count(request, of: line.caller, times: line.count)
    }
}
