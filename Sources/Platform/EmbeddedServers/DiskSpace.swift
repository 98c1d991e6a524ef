// SPDX-License-Identifier: Apache-2.0

/// How full a file system is.
package struct DiskSpace: Sendable, Equatable {
    /// Bytes that are left for everybody.
    package let free: Int
    /// Bytes in all.
    package let total: Int

    /// Of the file system that holds `path`; nil when that cannot be said.
    package init?(at path: String) {
        guard let space = FileSystem.space(at: path) else { return nil }
        self.init(free: space.free, total: space.total)
    }

    init(free: Int, total: Int) {
        self.free = free
        self.total = total
    }

    /// Less than a twentieth, or less than 64 MB, which is four files of the write-ahead log; 10 GB are always enough.
    package var isShort: Bool { free < max(64 << 20, min(total / 20, 10 << 30)) }
}
