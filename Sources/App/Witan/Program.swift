// SPDX-License-Identifier: Apache-2.0
import Arguments
import CAllocator
import Glibc
import Lifecycle

/// Where the program begins: signals are blocked before any other thread exists, then the command line decides.
@main struct Program {
    static func main() async {
        UnixSignals.block()
        // Naming mimalloc keeps the linker from dropping it; it takes malloc's place in the whole program.
        _ = mi_version()
        let code = await Commands.root.execute(Array(CommandLine.arguments.dropFirst()))
        exit(code.rawValue)
    }
}
