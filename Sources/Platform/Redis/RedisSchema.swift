// SPDX-License-Identifier: Apache-2.0
import JSON

/// What a program expects of its keys: their version, kept in a key of its own, and the scripts that work on them.
///
/// All of it may vanish and be put there again.
package struct RedisSchema: Sendable {
    /// One script.
    package struct Script: Sendable {
        /// By which the program asks for it.
        package let name: String
        /// To be run with `Redis.evaluate`.
        package let script: RedisScript
    }

    /// The hash that holds the version, and what Redis calls each script.
    package let key: String
    /// From 1; a server that has a higher one belongs to a newer program.
    package let version: Int64
    /// In the order of the text.
    package let scripts: [Script]

    /// Reads `{"schema": {"key": …, "version": …}, "scripts": [{"name": …, "source": [line, …]}, …]}`; other members
    /// are for people. Throws `schema`.
    package init(json: [UInt8]) throws(RedisError) {
        guard let value = try? JSONValue(parsing: json), let schema = value["schema"], let key = schema["key"]?.string,
            let version = schema["version"]?.integer, version > 0
        else { throw .schema(reason: "The description of the keys has no schema with a key and a version.") }
        var scripts: [Script] = []
        for item in value["scripts"]?.elements ?? [] {
            let lines = item["source"]?.elements?.compactMap(\.string) ?? []
            guard let name = item["name"]?.string, !lines.isEmpty else {
                throw .schema(reason: "A script in the description of the keys has no name, or no source.")
            }
            scripts.append(Script(name: name, script: RedisScript(lines.joined(separator: "\n"))))
        }
        self.key = key
        self.version = version
        self.scripts = scripts
    }

    /// The script of this name.
    package subscript(_ name: String) -> RedisScript? { scripts.first { $0.name == name }?.script }

    /// Loads the scripts and writes the version. Does no harm when it is repeated.
    package func apply(to redis: Redis) async throws(RedisError) {
        let found = try await redis.command("HGET", RedisArgument(key), "version").integer
        if let found, found > version {
            throw .schema(reason: "Redis has version \(found) of the keys and this is \(version). Run a newer program.")
        }
        var fields: [RedisArgument] = ["HSET", RedisArgument(key), "version", RedisArgument(version)]
        for script in scripts {
            let loaded = try await redis.command("SCRIPT", "LOAD", RedisArgument(script.script.source))
            fields += [RedisArgument(script.name), RedisArgument(loaded.text ?? "")]
        }
        try await redis.command(fields)
    }

    /// Whether the server has this version, and every script in its memory.
    package func isHeld(by redis: Redis) async throws(RedisError) -> Bool {
        let names = ["version"] + scripts.map(\.name)
        let held = try await redis.command(["HMGET", RedisArgument(key)] + names.map { RedisArgument($0) })
        let values = held.elements?.map(\.text) ?? []
        guard values.first == String(version), values.allSatisfy({ $0 != nil }) else { return false }
        guard !scripts.isEmpty else { return true }
        let hashes = values.dropFirst().map { RedisArgument($0 ?? "") }
        let exist = try await redis.command(["SCRIPT", "EXISTS"] + hashes)
        return exist.elements?.allSatisfy { $0.integer == 1 } ?? false
    }
}
