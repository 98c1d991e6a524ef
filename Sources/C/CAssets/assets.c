#include "CAssets.h"
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char migration_0001[] = {
#embed "../../../Migrations/0001_foundation.sql"
};

const cassets_file cassets_migrations[] = {
    {"0001_foundation.sql", migration_0001, sizeof migration_0001},
};
const size_t cassets_migration_count = sizeof cassets_migrations / sizeof cassets_migrations[0];
