// Files of the repository that travel inside the binary.
#pragma once
#include <stddef.h>

/// One embedded file: its name (no folder), its bytes (not NUL-terminated) and their count.
typedef struct {
    const char *name;
    const unsigned char *bytes;
    size_t count;
} cassets_file;

/// The files of `Migrations/`, in order of name.
extern const cassets_file cassets_migrations[];
extern const size_t cassets_migration_count;

/// The file at `index`, below `cassets_migration_count`; Swift does not import an array of unknown length.
static inline const cassets_file *cassets_migration(size_t index) { return &cassets_migrations[index]; }

/// `Assets/common-passwords.txt`: one entry a line, in order of their bytes.
extern const cassets_file cassets_common_passwords;
