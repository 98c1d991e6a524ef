// SPDX-License-Identifier: Apache-2.0

/// The shells that completion is written for.
package enum Shell: String, CaseIterable, ArgumentValue {
    case bash, zsh, fish
}

extension Command {
    /// A script for `shell` that completes this tree's commands, options and choices; the shell sources it.
    package func completionScript(for shell: Shell) -> String {
        let places = CompletionPlace.all(in: self)
        return switch shell {
        case .bash: bashCompletion(places)
        case .zsh: zshCompletion(places)
        case .fish: fishCompletion(places)
        }
    }

    /// This program with a `completion` command, which completes itself too.
    package func withCompletionCommand() -> Command {
        var program = self
        let shell = Positional<Shell>.required("shell", "The shell that will read the script.")
        func command(_ script: @escaping @Sendable (Shell) -> String) -> Command {
            Command(
                name: "completion", summary: "Writes the completion script of a shell.",
                example: "source <(\(name) completion bash)", positionals: [shell]
            ) { arguments in
                arguments.terminal.write(script(arguments[shell]))
                return .done
            }
        }
        // The script describes the tree, and the tree holds the command: its text does not depend on the action.
        let described = Command(self, adding: command { _ in "" })
        program = Command(self, adding: command { described.completionScript(for: $0) })
        return program
    }

    private init(_ command: Command, adding subcommand: Command) {
        name = command.name
        summary = command.summary
        example = command.example
        options = command.options
        positionals = command.positionals
        subcommands = command.subcommands + [subcommand]
        action = command.action
    }
}

/// What can be typed after the words of one command.
struct CompletionPlace {
    /// `witan migrate`
    let words: String
    let subcommands: [Command]
    /// The command's own options and those inherited.
    let options: [Declaration]
    /// The words that positionals allow.
    let choices: [String]

    static func all(in command: Command, above: String = "", inherited: [Declaration] = []) -> [CompletionPlace] {
        let words = above.isEmpty ? command.name : "\(above) \(command.name)"
        let options = inherited + command.options
        let place = CompletionPlace(
            words: words, subcommands: command.subcommands, options: options,
            choices: command.positionals.flatMap(\.choices))
        return [place] + command.subcommands.flatMap { all(in: $0, above: words, inherited: options) }
    }

    /// Shell patterns of the options whose next word is a value: `witan serve:--listen`.
    var valuePatterns: [(option: Declaration, pattern: [String])] {
        options.filter(\.takesValue).map { option in (option, option.spellings.map { "\(words):\($0)" }) }
    }
}

extension Declaration {
    /// `--name` and, if there is one, `-n`.
    var spellings: [String] { ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) }
}

extension Command {
    /// The shell function's name may hold letters, digits and underscores.
    private var identifier: String { String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }) }

    private func bashCompletion(_ places: [CompletionPlace]) -> String {
        var values = ""
        var lists = ""
        for place in places {
            for (option, pattern) in place.valuePatterns where !option.choices.isEmpty {
                let choices = quoted(option.choices.joined(separator: " "))
                values += "        \(pattern.map(quoted).joined(separator: "|"))) "
                values += "COMPREPLY=($(compgen -W \(choices) -- \"$current\")); return ;;\n"
            }
            let words = place.subcommands.map(\.name) + place.choices
            let options = place.options.flatMap(\.spellings) + ["--help"]
            lists += "        \(quoted(place.words))) words=\(quoted(words.joined(separator: " ")))"
            lists += " options=\(quoted(options.joined(separator: " "))) ;;\n"
        }
        return """
            # bash completion of \(name)
            _\(identifier)() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
                local place=\(quoted(name)) skip= index word words options
                COMPREPLY=()
                # bash splits --name=value at the sign.
                [[ $current == "=" ]] && current=
                [[ $previous == "=" ]] && previous="${COMP_WORDS[COMP_CWORD-2]}"
                for ((index = 1; index < COMP_CWORD; index++)); do
                    word="${COMP_WORDS[index]}"
                    if [[ -n $skip && $word != "=" ]]; then skip=; continue; fi
            \(walk(places, indent: "        "))
                done
                case "$place:$previous" in
            \(values)        \(valuePatterns(places))) COMPREPLY=($(compgen -f -- "$current")); return ;;
                esac
                case "$place" in
            \(lists)    esac
                [[ $current == -* ]] && words="$options"
                COMPREPLY=($(compgen -W "$words" -- "$current"))
            }
            complete -o default -F _\(identifier) \(name)

            """
    }

    private func zshCompletion(_ places: [CompletionPlace]) -> String {
        var values = ""
        var lists = ""
        for place in places {
            for (option, pattern) in place.valuePatterns where !option.choices.isEmpty {
                values += "        \(pattern.map(quoted).joined(separator: "|"))) "
                values += "compadd -- \(option.choices.map(quoted).joined(separator: " ")); return ;;\n"
            }
            let commands = place.subcommands.map { ($0.name, $0.summary) } + place.choices.map { ($0, "") }
            let options = place.options.flatMap { option in option.spellings.map { ($0, option.help) } }
            lists += "        \(quoted(place.words)))\n            entries=(\(described(commands)))\n"
            lists += "            switches=(\(described(options + [("--help", "Shows this help.")]))) ;;\n"
        }
        return """
            #compdef \(name)
            _\(identifier)() {
                local place=\(quoted(name)) skip= index word
                local -a entries switches
                for ((index = 2; index < CURRENT; index++)); do
                    word="${words[index]}"
                    if [[ -n $skip ]]; then skip=; continue; fi
            \(walk(places, indent: "        "))
                done
                case "$place:${words[CURRENT-1]}" in
            \(values)        \(valuePatterns(places))) _files; return ;;
                esac
                case "$place" in
            \(lists)    esac
                if [[ ${words[CURRENT]} == -* ]]; then _describe -o option switches
                elif (( ${#entries} )); then _describe command entries
                else _files; fi
            }
            compdef _\(identifier) \(name)

            """
    }

    private func fishCompletion(_ places: [CompletionPlace]) -> String {
        var lines = ""
        for place in places {
            let start = "complete -c \(name) -n \(quoted("test (__\(identifier)_place) = \"\(place.words)\""))"
            for command in place.subcommands {
                lines += "\(start) -f -a \(quoted(command.name)) -d \(quoted(command.summary))\n"
            }
            if !place.choices.isEmpty { lines += "\(start) -f -a \(quoted(place.choices.joined(separator: " ")))\n" }
            for option in place.options {
                let short = option.short.map { " -s \($0)" } ?? ""
                let choices = option.choices.isEmpty ? "" : " -f -a \(quoted(option.choices.joined(separator: " ")))"
                let value = option.takesValue ? " -r\(choices)" : " -f"
                lines += "\(start) -l \(option.name)\(short)\(value) -d \(quoted(option.help))\n"
            }
            lines += "\(start) -f -l help -s h -d 'Shows this help.'\n"
        }
        let steps = commandPatterns(places).map(quoted).joined(separator: " ")
        let valued = places.flatMap { $0.valuePatterns.flatMap(\.pattern) }.map(quoted).joined(separator: " ")
        return """
            # fish completion of \(name)
            function __\(identifier)_place
                set -l place \(quoted(name))
                set -l skip
                set -l tokens (commandline -opc)
                set -e tokens[1]
                for word in $tokens
                    if test -n "$skip"
                        set skip
                        continue
                    end
                    contains -- "$place:$word" \(valued); and set skip yes
                    contains -- "$place $word" \(steps); and set place "$place $word"
                end
                echo $place
            end
            \(lines)
            """
    }

    /// The step of bash and zsh from word to word: a value to skip, or one command further down.
    private func walk(_ places: [CompletionPlace], indent: String) -> String {
        let steps = commandPatterns(places)
        let descent =
            steps.isEmpty
            ? []
            : [
                "case \"$place $word\" in",
                "    \(steps.map(quoted).joined(separator: "|"))) place=\"$place $word\" ;;", "esac",
            ]
        let skip = ["case \"$place:$word\" in", "    \(valuePatterns(places))) skip=yes ;;", "esac"]
        return (skip + descent).map { indent + $0 }.joined(separator: "\n")
    }

    private func commandPatterns(_ places: [CompletionPlace]) -> [String] {
        places.flatMap { place in place.subcommands.map { "\(place.words) \($0.name)" } }
    }

    private func valuePatterns(_ places: [CompletionPlace]) -> String {
        let patterns = places.flatMap { $0.valuePatterns.flatMap(\.pattern) }.map(quoted)
        // A case needs a pattern; no word is this one.
        return patterns.isEmpty ? "''" : patterns.joined(separator: "|")
    }

    private func described(_ entries: [(String, String)]) -> String {
        entries.map { name, text in
            let escaped = name.replacing(":", with: "\\:")
            return quoted(text.isEmpty ? escaped : "\(escaped):\(text)")
        }.joined(separator: " ")
    }

    /// A word for any of the three shells, in single quotes.
    private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: #"'\''"#) + "'" }
}
