// SPDX-License-Identifier: Apache-2.0
import EventLoop

#if canImport(CAllocator)
    import CAllocator
#endif

/// The program's allocator. With a sanitizer in the program there is another one, and nothing to say to it.
enum Allocator {
    /// Returns what a start with migrations has used and freed to the system: each thread keeps its own.
    static func giveBack(from loops: [EventLoop]) {
        #if canImport(CAllocator)
            mi_collect(true)
            for loop in loops { loop.execute { mi_collect(true) } }
        #endif
    }
}
