// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Small files of text.
enum TextFile {
    /// Nil when the file cannot be read, is larger than `limit` bytes, or is no UTF-8.
    static func read(_ path: String, limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0, content.count + count <= limit else { return nil }
            if count == 0 { return String(validating: content, as: UTF8.self) }
            content += buffer[..<count]
        }
    }

    /// Writes a new file that only its owner can read; false when it could not.
    static func writePrivate(_ text: String, to path: String) -> Bool { write(text, to: path, mode: 0o600) }

    /// Writes a file with these permissions, whole and synced; false when it could not.
    static func write(_ text: String, to path: String, mode: mode_t) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return fchmod(descriptor, mode) == 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count
            && fsync(descriptor) == 0
    }

    /// Copies a small file to a new one that only its owner can read, synced; false when it could not.
    static func copyPrivate(_ path: String, to new: String) -> Bool {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { return false }
        defer { close(source) }
        let target = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard target >= 0 else { return false }
        defer { close(target) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(source, &buffer, buffer.count)
            guard count > 0 else { return count == 0 && fsync(target) == 0 }
            guard Glibc.write(target, buffer, count) == count else { return false }
        }
    }
}
