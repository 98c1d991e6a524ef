// SPDX-License-Identifier: Apache-2.0

extension PrivatePostgres {
    /// What libpq needs to connect to the cluster of a data directory that another program holds; nil when none runs
    /// there. Nothing is started, adopted or locked: for commands beside a running server.
    package static func runningConnectionString(
        in directory: String, role: String = loginRole, database: String = database
    ) -> String? {
        guard let path = FileSystem.resolve(directory), let file = PostmasterFile(in: path + "/postgres"),
            file.isReady(processID: file.processID),
            RunningServer(processID: file.processID, directory: path + "/postgres").isAlive
        else { return nil }
        return connectionString(socketDirectory: file.socketDirectory, role: role, database: database)
    }

    static func connectionString(socketDirectory: String, role: String, database: String) -> String {
        "host=\(quote(socketDirectory)) dbname=\(quote(database)) user=\(quote(role))"
    }

    static func quote(_ value: String) -> String {
        "'" + value.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
    }
}

extension PrivateRedis {
    /// The socket of the Redis in a data directory that another program holds; nil when none answers there.
    package static func runningSocket(in directory: String) -> String? {
        // The private servers of a directory have their sockets side by side.
        guard let path = FileSystem.resolve(directory), let postgres = PostmasterFile(in: path + "/postgres") else {
            return nil
        }
        let socket = postgres.socketDirectory + "/redis.sock"
        return RedisPing.isAnswered(at: socket) ? socket : nil
    }
}
