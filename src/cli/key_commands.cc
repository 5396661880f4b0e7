// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr std::size_t longest_file = 64U << 10;

struct AddOptions {
  std::string file = "-";
  std::string name;
};

struct RemoveOptions {
  std::vector<std::string> keys;
};

std::string read_key(const std::string& file, int input) {
  std::ifstream stream(file == "-" ? "/dev/fd/" + std::to_string(input) : file);
  if (!stream) {
    throw Error(ErrorKind::not_found, "cannot read " + file + ": " + std::strerror(errno));
  }
  std::string text;
  for (std::istreambuf_iterator<char> at(stream), end; at != end && text.size() < longest_file; ++at) {
    text += *at;
  }
  return text;
}

int list(Invocation& run, const NoOptions&) {
  const auto page = run.api().list("/ssh-keys");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "NAME", "FINGERPRINT", "ADDED"});
  for (const auto& key : items_of(page)) {
    table.add({text_of(key, "id"), text_of(key, "name"), text_of(key, "fingerprint"),
               relative_time(parse_time(text_of(key, "created_at")), run.now())});
  }
  run.print(table.text());
  return 0;
}

int add(Invocation& run, const AddOptions& options) {
  boost::json::object body{{"key", read_key(options.file, run.around.input)}};
  if (!options.name.empty()) {
    body["name"] = options.name;
  }
  const auto added = run.api().call("POST", "/ssh-keys", std::move(body));
  if (run.json) {
    run.print_json(added);
    return 0;
  }
  run.print(printable(text_of(added, "id")) + " " + printable(text_of(added, "fingerprint")) + " " +
            printable(text_of(added, "name")) + "\n");
  return 0;
}

int remove(Invocation& run, const RemoveOptions& options) {
  int code = 0;
  for (const auto& key : options.keys) {
    try {
      run.api().call("DELETE", path_of("/ssh-keys", key));
      if (!run.json) {
        run.print(printable(key) + " removed\n");
      }
    } catch (const Error& error) {
      run.note(printable(key) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

}  // namespace

void add_key_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("key", "SSH keys that may sign in as you")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List your SSH keys", list);

  auto [add_app, add_options] = add_command<AddOptions>(*group, run, "add", "Add a public key", add);
  add_app->add_option("file", add_options->file, "A .pub file; - or left out: standard input")->type_name("FILE");
  add_app->add_option("--name", add_options->name, "What to call it (left out: the key's comment)")->type_name("NAME");

  auto [remove_app, remove_options] = add_command<RemoveOptions>(*group, run, "rm", "Remove SSH keys", remove);
  remove_app->add_option("keys", remove_options->keys, "Ids of keys")->type_name("KEY")->required();
}

}  // namespace berth::cli
