// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON

/// `witan settings`.
enum SettingsCommand {
    static let command = Command(
        name: "settings", summary: "Every setting with its value and where that comes from",
        example: "witan settings --json", options: [Commands.configFile, Commands.dataDirectory, Commands.json]
    ) { arguments in
        let configuration = try Configuration.load(
            file: arguments[Commands.configFile], overrides: Commands.overrides(arguments))
        let items: [JSONValue] = Setting.all.map { setting in
            let value = configuration[setting.key].map { setting.isSecret ? "•••" : $0 }
            return [
                "key": .string(setting.key), "value": value.map(JSONValue.string) ?? .null,
                "source": configuration.source(of: setting.key).map { .string($0.rawValue) } ?? .null,
                "default": setting.standard.map(JSONValue.string) ?? .null, "description": .string(setting.sentence),
            ]
        }
        arguments.show(
            items, columns: [("SETTING", "key"), ("VALUE", "value"), ("SOURCE", "source"), ("", "description")],
            all: ["data": .array(items)])
        return .done
    }
}
