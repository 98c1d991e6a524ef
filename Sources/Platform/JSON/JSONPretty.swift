// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The value for people: two spaces a level, a line for each element and member, no newline at the end.
    package var pretty: String {
        var output = ""
        appendPretty(to: &output, indent: 0)
        return output
    }

    private func appendPretty(to output: inout String, indent: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output += "["
            for (index, element) in elements.enumerated() {
                Self.line(&output, indent + 1, isFirst: index == 0)
                element.appendPretty(to: &output, indent: indent + 1)
            }
            Self.line(&output, indent, isFirst: true)
            output += "]"
        case .object(let members) where !members.isEmpty:
            output += "{"
            for (index, member) in members.enumerated() {
                Self.line(&output, indent + 1, isFirst: index == 0)
                output += "\(JSONValue.string(member.key)): "
                member.value.appendPretty(to: &output, indent: indent + 1)
            }
            Self.line(&output, indent, isFirst: true)
            output += "}"
        default: output += description
        }
    }

    private static func line(_ output: inout String, _ indent: Int, isFirst: Bool) {
        if !isFirst { output += "," }
        output += "\n" + String(repeating: "  ", count: indent)
    }
}
