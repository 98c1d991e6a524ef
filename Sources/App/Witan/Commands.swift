// SPDX-License-Identifier: Apache-2.0
import Arguments
import Postgres

/// The tree of commands, and what they share.
enum Commands {
    static let dataDirectory = Option<String?>.optional(
        "data-dir", "directory of everything the program keeps, in place of WITAN_DATA_DIR", placeholder: "DIR")
    static let configFile = Option<String?>.optional("config", "file of KEY=value settings", placeholder: "FILE")
    static let json = Option<Bool>.flag("json", "print JSON")

    static var root: Command {
        Command(
            name: "witan", summary: "One governed door for every model call of an organization",
            example: "witan serve",
            subcommands: [
                ServeCommand.command, StatusCommand.command, MigrateCommands.command, ProviderCommands.providers,
                ModelCommands.models, ModelCommands.prices, KeyCommands.command,
                UserCommands.command, TeamCommands.command, RoleCommands.command, InvitationCommands.command,
                OrganizationDirectoryCommands.command,
                SessionCommands.command, AccountCommands.command, ChatCommand.command,
                AuditCommands.command, BackupCommands.command, RestoreCommands.command, OrganizationCommands.command,
                SettingsCommand.command, ReferenceCommand.command, RetentionCommands.command,
                DatabaseCommands.command, InstallationCommands.initialize, InstallationCommands.reset,
                SeedCommands.command, MailCommands.command, SingleSignOnCommands.command,
                PrivacyCommands.erasures, PrivacyCommands.holds,
            ]
        ).withCompletionCommand()
    }

    static func overrides(_ arguments: ParsedArguments) -> [String: String] {
        arguments[dataDirectory].map { ["WITAN_DATA_DIR": $0] } ?? [:]
    }

    /// The exit code that an error means.
    static func failure(_ error: any Error) -> CommandFailure {
        if let failure = error as? CommandFailure { return failure }
        if let error = error as? PostgresError, error.isConnectionProblem {
            return CommandFailure(.unreachable, error.description)
        }
        return CommandFailure(.failed, String(describing: error))
    }
}
