// mimalloc replaces malloc in the whole program when it is linked. Naming a symbol of it keeps the linker from dropping it.
#pragma once
#include <mimalloc.h>
