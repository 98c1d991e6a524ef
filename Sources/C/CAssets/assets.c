#include "CAssets.h"
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char migration_0001[] = {
#embed "../../../Migrations/0001_foundation.sql"
};
static const unsigned char migration_0002[] = {
#embed "../../../Migrations/0002_auth.sql"
};
static const unsigned char migration_0003[] = {
#embed "../../../Migrations/0003_providers.sql"
};
static const unsigned char migration_0004[] = {
#embed "../../../Migrations/0004_council.sql"
};
static const unsigned char migration_0005[] = {
#embed "../../../Migrations/0005_audits.sql"
};
static const unsigned char migration_0006[] = {
#embed "../../../Migrations/0006_projects.sql"
};
static const unsigned char migration_0006_down[] = {
#embed "../../../Migrations/0006_projects.down.sql"
};
static const unsigned char migration_0007[] = {
#embed "../../../Migrations/0007_governance.sql"
};
static const unsigned char migration_0007_down[] = {
#embed "../../../Migrations/0007_governance.down.sql"
};
static const unsigned char migration_0008[] = {
#embed "../../../Migrations/0008_experiments.sql"
};
static const unsigned char migration_0008_down[] = {
#embed "../../../Migrations/0008_experiments.down.sql"
};
static const unsigned char migration_0009[] = {
#embed "../../../Migrations/0009_production.sql"
};
static const unsigned char migration_0009_down[] = {
#embed "../../../Migrations/0009_production.down.sql"
};
static const unsigned char migration_0010[] = {
#embed "../../../Migrations/0010_quarantine.sql"
};
static const unsigned char migration_0010_down[] = {
#embed "../../../Migrations/0010_quarantine.down.sql"
};
static const unsigned char migration_0011[] = {
#embed "../../../Migrations/0011_orchestrator.sql"
};
static const unsigned char migration_0011_down[] = {
#embed "../../../Migrations/0011_orchestrator.down.sql"
};
static const unsigned char migration_0012[] = {
#embed "../../../Migrations/0012_sharing.sql"
};
static const unsigned char migration_0012_down[] = {
#embed "../../../Migrations/0012_sharing.down.sql"
};
static const unsigned char migration_0013[] = {
#embed "../../../Migrations/0013_shapes.sql"
};
static const unsigned char migration_0013_down[] = {
#embed "../../../Migrations/0013_shapes.down.sql"
};
static const unsigned char migration_0014[] = {
#embed "../../../Migrations/0014_operations.sql"
};
static const unsigned char migration_0015[] = {
#embed "../../../Migrations/0015_keys.redis"
};
static const unsigned char migration_0016[] = {
#embed "../../../Migrations/0016_search.elasticsearch"
};
static const unsigned char migration_0017[] = {
#embed "../../../Migrations/0017_privacy.sql"
};

const cassets_file cassets_migrations[] = {
    {"0001_foundation.sql", migration_0001, sizeof migration_0001},
    {"0002_auth.sql", migration_0002, sizeof migration_0002},
    {"0003_providers.sql", migration_0003, sizeof migration_0003},
    {"0004_council.sql", migration_0004, sizeof migration_0004},
    {"0005_audits.sql", migration_0005, sizeof migration_0005},
    {"0006_projects.sql", migration_0006, sizeof migration_0006},
    {"0006_projects.down.sql", migration_0006_down, sizeof migration_0006_down},
    {"0007_governance.sql", migration_0007, sizeof migration_0007},
    {"0007_governance.down.sql", migration_0007_down, sizeof migration_0007_down},
    {"0008_experiments.sql", migration_0008, sizeof migration_0008},
    {"0008_experiments.down.sql", migration_0008_down, sizeof migration_0008_down},
    {"0009_production.sql", migration_0009, sizeof migration_0009},
    {"0009_production.down.sql", migration_0009_down, sizeof migration_0009_down},
    {"0010_quarantine.sql", migration_0010, sizeof migration_0010},
    {"0010_quarantine.down.sql", migration_0010_down, sizeof migration_0010_down},
    {"0011_orchestrator.sql", migration_0011, sizeof migration_0011},
    {"0011_orchestrator.down.sql", migration_0011_down, sizeof migration_0011_down},
    {"0012_sharing.sql", migration_0012, sizeof migration_0012},
    {"0012_sharing.down.sql", migration_0012_down, sizeof migration_0012_down},
    {"0013_shapes.sql", migration_0013, sizeof migration_0013},
    {"0013_shapes.down.sql", migration_0013_down, sizeof migration_0013_down},
    {"0014_operations.sql", migration_0014, sizeof migration_0014},
    {"0015_keys.redis", migration_0015, sizeof migration_0015},
    {"0016_search.elasticsearch", migration_0016, sizeof migration_0016},
    {"0017_privacy.sql", migration_0017, sizeof migration_0017},
};
const size_t cassets_migration_count = sizeof cassets_migrations / sizeof cassets_migrations[0];

static const unsigned char common_passwords[] = {
#embed "../../../Assets/common-passwords.txt"
};
const cassets_file cassets_common_passwords = {"common-passwords.txt", common_passwords, sizeof common_passwords};
