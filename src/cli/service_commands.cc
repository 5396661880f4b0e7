// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/described.h"
#include "base/error.h"
#include "base/toml.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct NamesOptions {
  std::vector<std::string> services;
};

struct ShowOptions {
  std::string service;
};

struct CreateOptions {
  std::string file;
};

std::string address_of(const boost::json::value& service) {
  const std::string host = text_of(service, "address");
  if (host.empty()) {
    return "";
  }
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(number_of(service, "port").value_or(0));
}

int list(Invocation& run, const NoOptions&) {
  const auto page = run.api().get("/services");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"NAME", "FROM", "ADDRESS", "IMAGE", "PLAN", "MODE", "INSTANCES", "CONNECTIONS", "FAULT"});
  table.align_right({6, 7});
  for (const auto& service : items_of(page)) {
    table.add({text_of(service, "name"), text_of(service, "source"), address_of(service), text_of(service, "image"),
               text_of(service, "plan"), text_of(service, "mode"),
               std::to_string(number_of(service, "instances").value_or(0)),
               std::to_string(number_of(service, "connections").value_or(0)), text_of(service, "fault")});
  }
  run.print(table.text());
  return 0;
}

int show(Invocation& run, const ShowOptions& options) {
  const auto shown = run.api().get(path_of("/services", options.service));
  if (run.json) {
    run.print_json(shown);
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> lines;
  for (const char* part : {"status", "definition"}) {
    const auto* fields = shown.is_object() ? shown.get_object().if_contains(part) : nullptr;
    if (fields == nullptr || !fields->is_object()) {
      continue;
    }
    for (const auto& [key, value] : fields->get_object()) {
      const bool told = std::ranges::any_of(lines, [&](const auto& line) { return line.first == key; });
      if (!told && !value.is_null()) {
        lines.emplace_back(key, value.is_string() ? std::string(value.get_string()) : print_json(value));
      }
    }
  }
  run.print(field_lines(lines));
  return 0;
}

// The tokens of the file that a definition names, which is here and not on the server.
void read_tokens(boost::json::object& service, const std::filesystem::path& folder) {
  const std::string name = text_of(service, "tokens_file");
  if (name.empty()) {
    return;
  }
  std::ifstream file(folder / name);
  if (!file) {
    throw Error(ErrorKind::not_found, "cannot read the tokens_file " + (folder / name).string());
  }
  boost::json::array tokens;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (!line.empty()) {
      tokens.emplace_back(line);
    }
  }
  service.erase("tokens_file");
  service["tokens"] = std::move(tokens);
}

// The services of a file: its [[service]] tables, or else itself.
boost::json::array services_in(const std::filesystem::path& file) {
  const boost::json::value toml = read_toml_file(file);
  const auto* tables = toml.as_object().if_contains("service");
  boost::json::array services =
      tables != nullptr && tables->is_array() ? tables->get_array() : boost::json::array{toml};
  for (auto& service : services) {
    read_tokens(service.as_object(), file.parent_path());
  }
  return services;
}

int create(Invocation& run, const CreateOptions& options) {
  for (auto& service : services_in(options.file)) {
    const auto made = run.api().call("POST", "/services", std::move(service));
    if (run.json) {
      run.print_json(made);
      continue;
    }
    const auto* status = made.is_object() ? made.get_object().if_contains("status") : nullptr;
    if (status != nullptr) {
      const std::string address = address_of(*status);
      run.print(printable(text_of(*status, "name") + " " + (address.empty() ? "by TLS" : address)) + "\n");
    }
  }
  return 0;
}

int for_each(Invocation& run, const NamesOptions& options, const char* method, const char* rest, const char* done) {
  int code = 0;
  for (const auto& service : options.services) {
    try {
      run.api().call(method, path_of("/services", service, rest));
      if (!run.json) {
        run.print(printable(service) + done);
      }
    } catch (const Error& error) {
      run.note(printable(service) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

int remove(Invocation& run, const NamesOptions& options) { return for_each(run, options, "DELETE", "", " removed\n"); }

int reset(Invocation& run, const NamesOptions& options) { return for_each(run, options, "POST", "/reset", " reset\n"); }

}  // namespace

void add_service_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("service", "Programs people reach over a socket")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List services", list);

  auto [show_command, show_options] = add_command<ShowOptions>(*group, run, "show", "Tell all of a service", show);
  show_command->add_option("service", show_options->service, "Its name")->type_name("SERVICE")->required();

  auto [create_command, create_options] =
      add_command<CreateOptions>(*group, run, "create", "Make what a TOML file defines", create);
  create_command->add_option("file", create_options->file, "The keys of a service, or [[service]] tables")
      ->type_name("FILE")
      ->required();

  auto [remove_command, remove_options] =
      add_command<NamesOptions>(*group, run, "rm", "Remove services and end their instances", remove);
  remove_command->add_option("services", remove_options->services, "Their names")->type_name("SERVICE")->required();

  auto [reset_command, reset_options] =
      add_command<NamesOptions>(*group, run, "reset", "End all instances of services", reset);
  reset_command->add_option("services", reset_options->services, "Their names")->type_name("SERVICE")->required();
}

}  // namespace berth::cli
