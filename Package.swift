// swift-tools-version: 6.2
// The architecture, machine-read: one line a module, in dependency order. Imports point down only.
import PackageDescription

/// One set of settings for every Swift target; modules that import C add strict memory safety.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// A sanitizer brings an allocator of its own; `make test-thread` and `make test-address` set this.
let isSanitized = Context.environment["WITAN_SANITIZE"] != nil

/// A floor of the house; also the folder under Sources.
enum Floor: String { case c = "C", platform = "Platform", domains = "Domains", app = "App" }

func module(_ floor: Floor, _ name: String, uses: [String] = []) -> Target {
    let importsC = uses.contains { $0.first == "C" && $0.dropFirst().first?.isUppercase == true && $0 != "CAssets" }
    return .target(
        name: name,
        dependencies: uses.map { .byName(name: $0) },
        path: "Sources/\(floor.rawValue)/\(name)",
        swiftSettings: importsC ? settings + [.strictMemorySafety()] : settings)
}

func library(_ name: String, package: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

func tests(_ floor: Floor, _ name: String, uses: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: ([name] + uses).map { .byName(name: $0) },
        path: "Tests/\(floor.rawValue)/\(name)Tests",
        swiftSettings: settings)
}

let package = Package(
    name: "witan",
    products: [
        .executable(name: "witan", targets: ["Witan"]),
        .executable(name: "mock-upstream", targets: ["MockUpstream"]),
        .executable(name: "audit-load", targets: ["AuditLoad"]),
        .executable(name: "identity-load", targets: ["IdentityLoad"]),
    ],
    targets: [
        // C: headers of libraries from the operating system.
        library("CEvent", package: "libevent-dev"),
        library("CLibpq", package: "libpq-dev", pkgConfig: "libpq"),
        library("CHiredis", package: "libhiredis-dev"),
        library("CCurl", package: "libcurl4-openssl-dev"),
        library("COpenSSL", package: "libssl-dev"),
        library("CArgon2", package: "libargon2-dev"),
        library("CUtf8proc", package: "libutf8proc-dev"),
        library("CQRCode", package: "libqrencode-dev"),
        library("CAllocator", package: "libmimalloc-dev"),
        .target(name: "CAssets", path: "Sources/C/CAssets"),

        // Platform: technologies. No product words.
        module(.platform, "SwiftExtensions"),
        module(.platform, "JSON", uses: ["SwiftExtensions"]),
        module(.platform, "ServerSentEvents"),
        module(.platform, "Observability", uses: ["SwiftExtensions"]),
        module(.platform, "Lifecycle", uses: ["SwiftExtensions"]),
        module(.platform, "Arguments"),
        module(.platform, "Cryptography", uses: ["SwiftExtensions", "COpenSSL", "CArgon2"]),
        module(.platform, "UnicodeText", uses: ["CUtf8proc"]),
        module(.platform, "CommonPasswords", uses: ["CAssets"]),
        module(.platform, "QRCode", uses: ["CQRCode"]),
        module(.platform, "EventLoop", uses: ["SwiftExtensions", "CEvent"]),
        module(.platform, "HTTPServer", uses: ["SwiftExtensions", "EventLoop", "CEvent", "COpenSSL"]),
        module(.platform, "HTTPClient", uses: ["SwiftExtensions", "EventLoop", "CCurl"]),
        module(.platform, "Postgres", uses: ["SwiftExtensions", "EventLoop", "CLibpq"]),
        module(.platform, "Redis", uses: ["SwiftExtensions", "JSON", "EventLoop", "CHiredis"]),
        module(.platform, "Elasticsearch", uses: ["SwiftExtensions", "JSON", "Cryptography", "HTTPClient"]),
        module(.platform, "SQLText"),
        module(.platform, "Inventory", uses: ["SwiftExtensions", "JSON", "Cryptography", "SQLText", "Postgres"]),
        module(
            .platform, "Migrator",
            uses: ["SwiftExtensions", "JSON", "Cryptography", "SQLText", "Postgres", "Inventory", "CAssets"]),
        module(.platform, "EmbeddedServers", uses: ["SwiftExtensions", "JSON", "Cryptography"]),
        module(.platform, "Journal", uses: ["SwiftExtensions"]),
        module(.platform, "JSONWebToken", uses: ["SwiftExtensions", "JSON", "Cryptography", "COpenSSL"]),
        module(.platform, "Mail", uses: ["SwiftExtensions", "Lifecycle", "Cryptography", "CCurl"]),
        module(.platform, "ObjectStore", uses: ["SwiftExtensions", "Cryptography", "HTTPClient"]),
        module(
            .platform, "Backup",
            uses: ["SwiftExtensions", "JSON", "Cryptography", "Postgres", "Migrator", "Inventory", "ObjectStore"]),

        // Domains: the product, from the ground up.
        module(.domains, "Core", uses: ["SwiftExtensions", "Cryptography"]),
        module(.domains, "API", uses: ["SwiftExtensions", "JSON", "Observability", "HTTPServer", "Core"]),
        module(
            .domains, "Audit",
            uses: [
                "SwiftExtensions", "JSON", "Cryptography", "HTTPServer", "Postgres", "Core", "API",
            ]),
        module(
            .domains, "Identity",
            uses: [
                "SwiftExtensions", "JSON", "Cryptography", "UnicodeText", "CommonPasswords", "HTTPServer", "Postgres",
                "HTTPClient", "JSONWebToken", "Mail", "Core", "API", "Audit",
            ]),
        module(
            .domains, "Providers",
            uses: [
                "SwiftExtensions", "JSON", "Cryptography", "HTTPServer", "HTTPClient", "Postgres", "Core", "API",
                "Audit",
            ]),
        module(
            .domains, "Gateway",
            uses: [
                "SwiftExtensions", "JSON", "ServerSentEvents", "Observability", "Cryptography", "HTTPServer",
                "HTTPClient", "Postgres", "Journal", "Core", "API", "Audit", "Providers",
            ]),
        module(
            .domains, "Operations",
            uses: [
                "SwiftExtensions", "JSON", "Observability", "Lifecycle", "Arguments", "Cryptography", "HTTPServer",
                "Postgres", "Core", "API", "Audit",
            ]),

        // App: the one executable; knows everything.
        .executableTarget(
            name: "Witan",
            dependencies: [
                "CAllocator", "SwiftExtensions", "JSON", "ServerSentEvents", "Observability", "Lifecycle", "Arguments",
                "Cryptography", "EventLoop", "HTTPServer", "HTTPClient", "Postgres", "Redis", "Elasticsearch",
                "Inventory", "Migrator", "EmbeddedServers", "Journal", "Mail", "ObjectStore", "Backup", "QRCode",
                "Core",
                "API", "Audit", "Identity", "Providers", "Gateway", "Operations",
            ].filter { !isSanitized || $0 != "CAllocator" }.map { .byName(name: $0) },
            path: "Sources/App/Witan",
            swiftSettings: settings),
        .executableTarget(
            name: "MockUpstream",
            dependencies: ["HTTPServer", "EventLoop", "SwiftExtensions"],
            path: "Benchmarks/MockUpstream",
            swiftSettings: settings),
        .executableTarget(
            name: "AuditLoad",
            dependencies: [
                "SwiftExtensions", "Arguments", "EventLoop", "Cryptography", "Postgres", "Audit", "Gateway",
            ],
            path: "Benchmarks/AuditLoad",
            swiftSettings: settings),
        .executableTarget(
            name: "IdentityLoad",
            dependencies: [
                "CAllocator", "SwiftExtensions", "Arguments", "EventLoop", "Cryptography", "Postgres", "Core", "Audit",
                "Identity",
            ],
            path: "Benchmarks/IdentityLoad",
            swiftSettings: settings),

        // Tests mirror Sources.
        .target(
            name: "TestSupport",
            dependencies: ["SwiftExtensions", "EventLoop", "Postgres", "EmbeddedServers", "Migrator"],
            path: "Tests/Support",
            swiftSettings: settings),
        tests(.platform, "SwiftExtensions"),
        tests(.platform, "ServerSentEvents"),
        tests(.platform, "JSON"),
        tests(.platform, "Observability"),
        tests(.platform, "Lifecycle", uses: ["SwiftExtensions"]),
        tests(.platform, "Arguments", uses: ["SwiftExtensions"]),
        tests(.platform, "Cryptography", uses: ["SwiftExtensions"]),
        tests(.platform, "UnicodeText"),
        tests(.platform, "CommonPasswords"),
        tests(.platform, "QRCode"),
        tests(.platform, "EventLoop", uses: ["SwiftExtensions"]),
        tests(.platform, "HTTPServer", uses: ["EventLoop", "SwiftExtensions"]),
        tests(.platform, "HTTPClient", uses: ["HTTPServer", "EventLoop", "SwiftExtensions"]),
        tests(.platform, "Postgres", uses: ["TestSupport", "EventLoop", "SwiftExtensions"]),
        tests(.platform, "Redis", uses: ["EmbeddedServers", "EventLoop", "Migrator", "SwiftExtensions"]),
        tests(
            .platform, "Elasticsearch",
            uses: ["EventLoop", "HTTPClient", "HTTPServer", "JSON", "Migrator", "SwiftExtensions"]),
        tests(.platform, "SQLText"),
        tests(
            .platform, "Inventory",
            uses: ["TestSupport", "Migrator", "Postgres", "EventLoop", "EmbeddedServers", "SwiftExtensions"]),
        tests(
            .platform, "Migrator",
            uses: ["TestSupport", "EmbeddedServers", "Inventory", "Postgres", "EventLoop", "SwiftExtensions"]),
        tests(.platform, "EmbeddedServers", uses: ["SwiftExtensions", "Cryptography"]),
        tests(.platform, "Journal", uses: ["SwiftExtensions"]),
        tests(.platform, "JSONWebToken", uses: ["JSON", "Cryptography", "SwiftExtensions"]),
        tests(.platform, "Mail", uses: ["Lifecycle", "SwiftExtensions"]),
        tests(
            .platform, "Backup",
            uses: [
                "TestSupport", "ObjectStore", "Migrator", "Postgres", "EmbeddedServers", "Cryptography", "EventLoop",
                "SwiftExtensions",
            ]),
        tests(
            .platform, "ObjectStore",
            uses: ["Cryptography", "HTTPClient", "HTTPServer", "EventLoop", "SwiftExtensions"]
        ),
        tests(.domains, "Core", uses: ["SwiftExtensions"]),
        tests(.domains, "API", uses: ["Core", "HTTPServer", "JSON", "Observability", "SwiftExtensions"]),
        tests(
            .domains, "Audit",
            uses: [
                "TestSupport", "API", "Core", "Postgres", "Cryptography", "EventLoop", "JSON", "SwiftExtensions",
            ]),
        tests(
            .domains, "Identity",
            uses: [
                "TestSupport", "Audit", "API", "Core", "Postgres", "Cryptography", "EventLoop", "HTTPClient",
                "HTTPServer", "JSON", "Mail", "Observability", "SwiftExtensions",
            ]),
        tests(
            .domains, "Providers",
            uses: [
                "TestSupport", "Audit", "API", "Core", "Postgres", "Cryptography", "EventLoop", "HTTPClient",
                "HTTPServer", "JSON", "Observability", "SwiftExtensions",
            ]),
        tests(
            .domains, "Gateway",
            uses: [
                "TestSupport", "Providers", "Identity", "Audit", "API", "Core", "Cryptography", "Postgres", "EventLoop",
                "HTTPClient", "HTTPServer", "Journal", "JSON", "Observability", "SwiftExtensions",
            ]),
        .testTarget(
            name: "SchemaTests",
            dependencies: [
                "TestSupport", "Audit", "Core", "JSON", "Inventory", "Migrator", "Postgres", "Redis",
                "EmbeddedServers", "EventLoop", "SwiftExtensions",
            ],
            path: "Tests/Schema",
            swiftSettings: settings),
        tests(
            .domains, "Operations",
            uses: [
                "TestSupport", "Identity", "Audit", "API", "Core", "Cryptography", "Postgres", "EventLoop",
                "HTTPServer", "JSON", "Lifecycle", "Migrator", "EmbeddedServers", "Observability", "SwiftExtensions",
            ]),
        .testTarget(name: "TidyTests", path: "Tests/Tidy", swiftSettings: settings),
    ],
    cLanguageStandard: .c17,
    cxxLanguageStandard: .cxx20)
