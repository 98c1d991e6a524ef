// SPDX-License-Identifier: Apache-2.0
import Arguments
import EventLoop
import Glibc
import Lifecycle

#if canImport(CAllocator)
    import CAllocator
#endif

/// Where the program begins: the command line decides what it is.
@main struct Program {
    /// Not `async`: signals must be blocked before any other thread exists, and the runtime starts threads for an
    /// asynchronous main. The command runs on a loop of its own, which may block.
    static func main() {
        UnixSignals.block()
        #if canImport(CAllocator)
            // Naming mimalloc keeps the linker from dropping it; it takes malloc's place in the whole program.
            _ = mi_version()
        #endif
        let arguments = Array(CommandLine.arguments.dropFirst())
        let loop = EventLoop(name: "main")
        loop.spawn {
            let code = await Commands.root.execute(arguments)
            exit(code.rawValue)
        }
        while true { pause() }
    }
}
