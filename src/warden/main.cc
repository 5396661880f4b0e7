// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "warden/config.h"
#include "warden/inner_program.h"
#include "warden/program.h"

namespace {

using berth::warden::Config;

// The options given on the command line; each wins over the file.
void add_options(CLI::App& program, Config& config) {
  program.add_option("--data-dir", config.data_dir, "images and instances are kept here")->capture_default_str();
  program.add_option("--run-dir", config.run_dir, "the socket and what does not outlive a boot")->capture_default_str();
  program.add_option("--name", config.name, "prefix of cgroups, links and the firewall table")->capture_default_str();
  program.add_option("--client-user", config.client_user, "the user who may ask, besides root")->capture_default_str();
  program.add_option("--agent", config.agent, "the agent's binary (default: berth-agent beside this program)");
  program.add_option("--recipes", config.recipes, "recipes of the built-in images")->capture_default_str();
  program.add_option("--runtime", config.runtime, "an OCI runtime with runc's command line")->capture_default_str();
  program.add_option("--network", config.network, "IPv4 block, an address for each instance")->capture_default_str();
  program.add_option("--first-uid", config.first_uid, "65536 user ids for each instance from here on")
      ->capture_default_str();
  program.add_option("--resolver", config.resolvers, "name server for instances (repeatable)")->capture_default_str();
}

// The file must be read before the options are applied, and its name is one of them.
std::string config_file_of(int count, char** words) {
  for (int index = 1; index < count; ++index) {
    const std::string word = words[index];
    if (word == "--config" && index + 1 < count) {
      return words[index + 1];
    }
    if (word.starts_with("--config=")) {
      return word.substr(9);
    }
  }
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count > 1 && std::string_view(words[1]) == berth::warden::inner_word) {
    // At once, without what else ends a program: where this one works now there may be nothing left to work with.
    ::_exit(berth::warden::run_inner({words + 2, words + count}));
  }
  CLI::App program("berth-warden: holds instances on this host (root)");
  program.set_version_flag("--version", BERTH_VERSION);
  try {
    std::string file = config_file_of(count, words);
    Config config = file.empty() ? Config{} : berth::warden::read_config(file);
    program.fallthrough();
    program.add_option("--config", file, "TOML file with the same names, _ for -");
    add_options(program, config);
    const CLI::App* cleanup = program.add_subcommand("cleanup", "destroy every instance and leave nothing behind");
    CLI11_PARSE(program, count, words);
    berth::warden::check_config(config);
    if (cleanup->parsed()) {
      berth::warden::clean_up(config);
    } else {
      berth::warden::run_warden(config);
    }
    return 0;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "berth-warden: %s\n", fault.what());
    return 1;
  }
}
