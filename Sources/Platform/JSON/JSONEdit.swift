// SPDX-License-Identifier: Apache-2.0

/// Changes to a text that leave every other byte as it is.
///
/// A name that occurs more than once is changed in all places, so that a reader who takes the last of them sees the
/// change too. An edit inside a value that is itself replaced or removed is lost with it. All views must be of the
/// edited text.
package struct JSONEdit: Sendable {
    private struct Patch {
        let range: Range<Int>
        let bytes: [UInt8]
    }

    private struct Object {
        let members: [JSONMemberRange]
        var removed: Set<Int> = []
        var added: [(key: String, bytes: [UInt8])] = []
    }

    private let text: JSONText
    private var patches: [Patch] = []
    private var objects: [Int: Object] = [:]

    /// No changes yet.
    package init(_ text: JSONText) { self.text = text }

    /// Puts `replacement` in the place of `value`; of two replacements of one value the later counts.
    package mutating func replace(_ value: JSONView, with replacement: JSONValue) {
        replace(value.range, with: replacement.bytes)
    }

    /// Gives the member `key` of `object` (the root when nil) a value: in its place if it is there, else at the end.
    package mutating func set(_ key: String, to value: JSONValue, in object: JSONView? = nil) {
        let start = note(object)
        let bytes = value.bytes
        var isThere = false
        for (index, member) in members(of: start, named: key) where objects[start]?.removed.contains(index) != true {
            replace(member.value, with: bytes)
            isThere = true
        }
        guard !isThere else { return }
        objects[start]?.added.removeAll { $0.key.utf8.elementsEqual(key.utf8) }
        objects[start]?.added.append((key, bytes))
    }

    /// Takes the member `key` out of `object` (the root when nil), with its comma; nothing when it is not there.
    package mutating func remove(_ key: String, from object: JSONView? = nil) {
        let start = note(object)
        for (index, _) in members(of: start, named: key) { objects[start]?.removed.insert(index) }
        objects[start]?.added.removeAll { $0.key.utf8.elementsEqual(key.utf8) }
    }

    /// The changed text.
    package func bytes() -> [UInt8] {
        var all = patches
        for (start, object) in objects { all += Self.patches(for: object, at: start) }
        all.sort { ($0.range.lowerBound, $1.range.upperBound) < ($1.range.lowerBound, $0.range.upperBound) }
        var result: [UInt8] = []
        result.reserveCapacity(text.bytes.count + all.reduce(0) { $0 + $1.bytes.count })
        var position = 0
        for patch in all where patch.range.lowerBound >= position {
            result += text.bytes[position..<patch.range.lowerBound]
            result += patch.bytes
            position = patch.range.upperBound
        }
        return result + text.bytes[position...]
    }

    // MARK: How

    private mutating func replace(_ range: Range<Int>, with bytes: [UInt8]) {
        patches.removeAll { $0.range == range }
        patches.append(Patch(range: range, bytes: bytes))
    }

    private mutating func note(_ object: JSONView?) -> Int {
        let view = object ?? text.root
        precondition(view.kind == .object, "only an object has members")
        let start = view.range.lowerBound
        if objects[start] == nil {
            var members: [JSONMemberRange] = []
            view.eachMember {
                members.append($0)
                return true
            }
            objects[start] = Object(members: members)
        }
        return start
    }

    private func members(of start: Int, named key: String) -> [(Int, JSONMemberRange)] {
        var key = key
        let members = objects[start]?.members ?? []
        return key.withUTF8 { wanted in
            members.enumerated().filter { JSONStrings.matches(text.bytes, $0.element.key, wanted) }
                .map { ($0.offset, $0.element) }
        }
    }

    /// A run of removed members at the beginning goes up to the next member; any other goes with the comma before it.
    private static func patches(for object: Object, at start: Int) -> [Patch] {
        let members = object.members
        var patches: [Patch] = []
        let firstKept = members.indices.first { !object.removed.contains($0) }
        for index in object.removed where firstKept.map({ index > $0 }) ?? false {
            patches.append(
                Patch(range: members[index - 1].whole.upperBound..<members[index].whole.upperBound, bytes: []))
        }
        if let first = members.first, firstKept != 0, let last = members.last {
            let end = firstKept.map { members[$0].whole.lowerBound } ?? last.whole.upperBound
            patches.append(Patch(range: first.whole.lowerBound..<end, bytes: []))
        }
        if !object.added.isEmpty {
            let end = members.last?.whole.upperBound ?? start + 1
            patches.append(Patch(range: end..<end, bytes: written(object.added, afterOthers: firstKept != nil)))
        }
        return patches
    }

    private static func written(_ added: [(key: String, bytes: [UInt8])], afterOthers: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, member) in added.enumerated() {
            if afterOthers || index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONEscape.append(member.key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += member.bytes
        }
        return bytes
    }
}
