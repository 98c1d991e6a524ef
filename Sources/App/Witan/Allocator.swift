// SPDX-License-Identifier: Apache-2.0
import EventLoop

#if canImport(CAllocator)
    import CAllocator
#endif

/// The program's allocator. With a sanitizer in the program there is another one, and nothing to say to it.
enum Allocator {
    /// Returns what rare large work has used and freed to the system, as a start with migrations or a look at the whole
    /// catalog. Each thread keeps its own: the calling one and those of `loops` are asked.
    static func giveBack(from loops: [EventLoop]) {
        #if canImport(CAllocator)
            mi_collect(true)
            for loop in loops { loop.execute { mi_collect(true) } }
        #endif
    }
}
