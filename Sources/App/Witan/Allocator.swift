// SPDX-License-Identifier: Apache-2.0
import EventLoop

#if canImport(CAllocator)
    import CAllocator
#endif

/// The program's allocator. With a sanitizer in the program there is another one, and nothing to say to it.
enum Allocator {
    #if canImport(CAllocator)
        /// How long mimalloc keeps what is freed, in milliseconds: its own choice, or that of its environment variable.
        private static let delay = mi_option_get(mi_option_decommit_delay)
    #endif

    /// Has what is freed returned to the system at once, for rare large work such as a start with migrations or a look
    /// at the whole catalog.
    static func spareMemory() {
        #if canImport(CAllocator)
            _ = delay
            mi_option_set(mi_option_decommit_delay, 0)
        #endif
    }

    /// Has what is freed kept for a while again, since calls want it back at once: without that they take a fifth more
    /// of the CPU. Before, what was freed already is returned: each thread keeps its own, and the calling one and those
    /// of `loops` are asked.
    static func spareTime(on loops: [EventLoop]) {
        #if canImport(CAllocator)
            mi_collect(true)
            for loop in loops { loop.execute { mi_collect(true) } }
            mi_option_set(mi_option_decommit_delay, delay)
        #endif
    }
}
