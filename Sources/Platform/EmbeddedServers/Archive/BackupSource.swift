// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a base backup needs to know of a running private cluster: one of this program, or of another that runs.
package struct BackupSource: Sendable {
    let installation: PostgresInstallation
    let account: Account
    let socketDirectory: String
    let dataPath: String
    let log: String

    /// `pg_basebackup` as the servers' user, to standard output: the log is archived, so that it needs none of it.
    var baseBackupCommand: Command {
        let address = "host=\(PrivatePostgres.quote(socketDirectory)) user=\(PrivatePostgres.superuser)"
        return Command(
            program: installation.folder + "/pg_basebackup",
            arguments: [
                "-d", address, "-D", "-", "--format=tar", "--wal-method=none", "--checkpoint=fast", "--no-password",
                "--manifest-checksums=SHA256", "--label=base",
            ], account: account)
    }
}

extension PrivatePostgres {
    /// This cluster, to be backed up.
    package var backupSource: BackupSource { server.backupSource }

    /// The cluster of a data directory that another program holds.
    ///
    /// - Returns: Nil when none runs there.
    /// - Throws: `postgresMissing`, `wrongMajorVersion`, `unknownUser`.
    package static func runningSource(
        in directory: String, settings: Settings = Settings()
    ) throws(EmbeddedServerError) -> BackupSource? {
        try PostgresServer.runningSource(in: directory, settings)
    }
}
