// SPDX-License-Identifier: Apache-2.0

/// A value that must not be shown: printing, interpolating, dumping or encoding it gives `•••`.
///
/// `reveal()` is the one way to the value, so that a search for it lists every use.
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: Value

    /// Hides `value`.
    package init(_ value: Value) { self.value = value }

    /// The value itself.
    package func reveal() -> Value { value }

    /// `•••`.
    package var description: String { "•••" }
    /// `•••`.
    package var debugDescription: String { "•••" }
    /// Without children.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
