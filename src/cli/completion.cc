// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr Milliseconds patience = Seconds{2};  // somebody waits with a finger on the Tab key

constexpr const char* bash_script = R"(# Completion of berth for bash: . <(berth completion bash)
_berth() {
  local line candidates
  COMPREPLY=()
  mapfile -t candidates < <(berth __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for line in "${candidates[@]}"; do
    COMPREPLY+=("$line")
  done
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
    compopt -o nospace
  fi
}
complete -o default -F _berth berth
)";

// CLI11 appends what the value is checked with.
std::string kind_of(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  return name.substr(0, name.find(':'));
}

// Walks to the subcommand that the words before the last one have reached.
struct Reached {
  const CLI::App* command;
  std::size_t arguments = 0;              // positional ones behind it
  const CLI::Option* awaiting = nullptr;  // an option whose value comes next
};

const CLI::Option* option_named(const CLI::App& command, const std::string& word) {
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    if (const auto* option = at->get_option_no_throw(word)) {
      return option;
    }
  }
  return nullptr;
}

Reached reach(const CLI::App& parser, const std::vector<std::string>& words) {
  Reached reached{.command = &parser};
  for (std::size_t index = 0; index + 1 < words.size(); ++index) {
    const std::string& word = words[index];
    if (reached.awaiting != nullptr) {
      reached.awaiting = nullptr;
      continue;
    }
    if (word.starts_with("-") && word.size() > 1) {
      const auto* option = option_named(*reached.command, word);
      reached.awaiting = option != nullptr && option->get_items_expected_max() > 0 ? option : nullptr;
      continue;
    }
    const auto below = reached.command->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
    if (reached.arguments == 0 && !below.empty()) {
      reached.command = below.front();
    } else {
      ++reached.arguments;
    }
  }
  return reached;
}

// The kind of the positional argument at this place; the last one may repeat.
std::string argument_kind(const CLI::App& command, std::size_t place) {
  std::vector<const CLI::Option*> arguments;
  for (const auto* option : command.get_options()) {
    if (option->get_positional()) {
      arguments.push_back(option);
    }
  }
  if (arguments.empty() || (place >= arguments.size() && arguments.back()->get_items_expected_max() <= 1)) {
    return "";
  }
  return kind_of(*arguments[std::min(place, arguments.size() - 1)]);
}

void add_options(const CLI::App& command, std::vector<std::string>& candidates) {
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    for (const auto* option : at->get_options()) {
      for (const auto& name : option->get_lnames()) {
        candidates.push_back("--" + name);
      }
    }
  }
}

void add_field(ApiClient& api, const std::string& path, std::initializer_list<const char*> keys,
               std::vector<std::string>& names) {
  CallOptions options;
  options.limit = patience;
  const auto page = api.get(path, options);
  for (const auto& item : items_of(page)) {
    for (const char* key : keys) {
      names.push_back(text_of(item, key));
    }
  }
}

std::vector<std::string> names_from_server(Invocation& run, const std::string& kind) {
  std::vector<std::string> names;
  try {
    if (kind == "INSTANCE" || kind == "PLACE") {
      add_field(run.api(), "/instances?limit=200", {"id", "name"}, names);
    } else if (kind == "IMAGE") {
      add_field(run.api(), "/images", {"name"}, names);
    } else if (kind == "PLAN") {
      add_field(run.api(), "/plans", {"name"}, names);
    } else if (kind == "SERVICE") {
      add_field(run.api(), "/services", {"name"}, names);
    } else if (kind == "KEY") {
      add_field(run.api(), "/ssh-keys?limit=200", {"id"}, names);
    } else if (kind == "RECORDING") {
      add_field(run.api(), "/recordings?limit=200", {"id"}, names);
    } else if (kind == "INVITATION") {
      add_field(run.api(), "/invitations?limit=200", {"id"}, names);
    } else if (kind == "WEBHOOK") {
      add_field(run.api(), "/webhooks", {"id"}, names);
    } else if (kind == "TOKEN") {
      add_field(run.api(), "/tokens?limit=200", {"id"}, names);
    }
  } catch (const Error&) {
    // Nobody reads a message while completing.
  }
  if (kind == "PLACE") {
    for (auto& name : names) {
      name += ":";
    }
  }
  return names;
}

int print_script(Invocation& run, const NoOptions&) {
  run.print(bash_script);
  return 0;
}

}  // namespace

std::vector<std::string> complete(const CLI::App& parser, const std::vector<std::string>& words,
                                  const NameSource& names) {
  if (words.empty() || std::find(words.begin(), words.end() - 1, "--") != words.end() - 1) {
    return {};  // what runs inside an instance is not ours to know
  }
  const std::string& last = words.back();
  const Reached reached = reach(parser, words);
  std::vector<std::string> candidates;
  if (reached.awaiting != nullptr) {
    candidates = names(kind_of(*reached.awaiting));
  } else if (last.starts_with('-')) {
    add_options(*reached.command, candidates);
  } else if (const auto below = reached.command->get_subcommands([](const CLI::App*) { return true; });
             !below.empty()) {
    for (const auto* command : below) {
      candidates.push_back(command->get_name());
    }
  } else {
    const std::string kind = argument_kind(*reached.command, reached.arguments);
    candidates = kind.empty() ? std::vector<std::string>() : names(kind);
  }
  std::erase_if(candidates, [&](const auto& candidate) { return candidate.empty() || !candidate.starts_with(last); });
  std::ranges::sort(candidates);
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

int print_completions(Invocation& run, const CLI::App& parser, const std::vector<std::string>& words) {
  for (const auto& candidate :
       complete(parser, words, [&](const auto& kind) { return names_from_server(run, kind); })) {
    run.print(printable(candidate) + "\n");
  }
  return 0;
}

void add_completion_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("completion", "Completion for your shell")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "bash", "Print it for bash: . <(berth completion bash)", print_script);
}

}  // namespace berth::cli
