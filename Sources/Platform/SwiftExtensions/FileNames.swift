// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The names in a directory without `.` and `..`, in no order; nil when it cannot be read.
package func fileNames(in path: String) -> [String]? {
    guard let directory = opendir(path) else { return nil }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        // In place: an entry ends after its name, so that copying the whole declared array would read beyond it.
        let name = withUnsafeMutablePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}
