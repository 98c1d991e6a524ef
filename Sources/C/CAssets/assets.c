#include "CAssets.h"
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char migration_0001[] = {
#embed "../../../Migrations/0001_foundation.sql"
};
static const unsigned char migration_0014[] = {
#embed "../../../Migrations/0014_operations.sql"
};

const cassets_file cassets_migrations[] = {
    {"0001_foundation.sql", migration_0001, sizeof migration_0001},
    {"0014_operations.sql", migration_0014, sizeof migration_0014},
};
const size_t cassets_migration_count = sizeof cassets_migrations / sizeof cassets_migrations[0];
