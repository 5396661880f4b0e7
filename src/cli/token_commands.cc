// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct CreateOptions {
  std::string name;
  std::vector<std::string> scopes;
  std::string lifetime;
  bool tcp = false;
};

struct RemoveOptions {
  std::vector<std::string> tokens;
};

std::string scopes_of(const boost::json::value& token) {
  std::string scopes;
  if (const auto* list = token.is_object() ? token.get_object().if_contains("scopes") : nullptr;
      list != nullptr && list->is_array()) {
    for (const auto& scope : list->get_array()) {
      scopes += scope.is_string() ? (scopes.empty() ? "" : ",") + std::string(scope.get_string()) : "";
    }
  }
  return scopes;
}

int list(Invocation& run, const NoOptions&) {
  const auto page = run.api().list("/tokens");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "NAME", "KIND", "CREATED", "EXPIRES", "SCOPES"});
  const auto when = [&](const std::string& time) {
    return time.empty() ? std::string() : relative_time(parse_time(time), run.now());
  };
  for (const auto& token : items_of(page)) {
    const auto* current = token.is_object() ? token.get_object().if_contains("current") : nullptr;
    const bool is_current = current != nullptr && current->is_bool() && current->get_bool();
    const std::string expires = text_of(token, "expires_at");
    table.add({text_of(token, "id"), text_of(token, "name") + (is_current ? " (this one)" : ""), text_of(token, "kind"),
               when(text_of(token, "created_at")), expires.empty() ? "never" : when(expires), scopes_of(token)});
  }
  run.print(table.text());
  return 0;
}

int create(Invocation& run, const CreateOptions& options) {
  boost::json::object body{{"name", options.name}};
  if (options.tcp) {
    body["kind"] = "tcp_token";
  }
  if (!options.scopes.empty()) {
    boost::json::array scopes;
    for (const auto& scope : options.scopes) {
      scopes.emplace_back(scope);
    }
    body["scopes"] = std::move(scopes);
  }
  if (!options.lifetime.empty()) {
    body["lifetime"] = parse_duration(options.lifetime).count();
  }
  const auto created = run.api().call("POST", "/tokens", std::move(body));
  if (run.json) {
    run.print_json(created);
    return 0;
  }
  run.print(printable(text_of(created, "secret")) + "\n");
  run.note(options.tcp ? "this token is shown only now; a client of a service sends it first"
                       : "this token is shown only now; put it into BERTH_TOKEN where it is needed");
  return 0;
}

int remove(Invocation& run, const RemoveOptions& options) {
  int code = 0;
  for (const auto& token : options.tokens) {
    try {
      run.api().call("DELETE", path_of("/tokens", token));
      if (!run.json) {
        run.print(printable(token) + " removed\n");
      }
    } catch (const Error& error) {
      run.note(printable(token) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

}  // namespace

void add_token_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("token", "API and TCP tokens")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List your tokens and browser sign-ins", list);

  auto [create_command, create_options] =
      add_command<CreateOptions>(*group, run, "create", "Create a token and print it, this once", create);
  create_command->add_option("name", create_options->name, "What it is for")->type_name("NAME")->required();
  auto* scopes =
      create_command->add_option("--scope", create_options->scopes, "What it may do (left out: all that you may)")
          ->type_name("SCOPE")
          ->delimiter(',');
  create_command->add_flag("--tcp", create_options->tcp, "One for services, which can do nothing else")
      ->excludes(scopes);
  create_command->add_option("--ttl", create_options->lifetime, "How long it is valid: 30d (left out: for ever)")
      ->type_name("TIME")
      ->check(duration_fault);

  auto [remove_command, remove_options] = add_command<RemoveOptions>(*group, run, "rm", "Revoke tokens", remove);
  remove_command->add_option("tokens", remove_options->tokens, "Ids of tokens")->type_name("TOKEN")->required();
}

}  // namespace berth::cli
