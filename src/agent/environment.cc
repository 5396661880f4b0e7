// SPDX-License-Identifier: Apache-2.0
#include "agent/environment.h"

#include <unistd.h>

#include <string_view>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr const char* standard_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The kernel would take the text to end there.
void refuse_zero_byte(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    throw Error(ErrorKind::invalid_argument, std::string(what) + " contains a zero byte");
  }
}

std::vector<std::string> find_candidates(const std::string& program, std::string_view path) {
  if (program.empty()) {
    throw Error(ErrorKind::invalid_argument, "the command is empty");
  }
  if (program.find('/') != std::string::npos) {
    return {program};
  }
  std::vector<std::string> candidates;
  for (bool more = true; more;) {
    const std::size_t end = path.find(':');
    const std::string_view folder = path.substr(0, end);
    candidates.push_back((folder.empty() ? "." : std::string(folder)) + "/" + program);
    more = end != std::string_view::npos;
    path.remove_prefix(more ? end + 1 : path.size());
  }
  return candidates;
}

}  // namespace

Environment image_environment() {
  Environment environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

Environment program_environment(const Environment& image, const User& user, const Environment& added) {
  Environment environment = image;
  environment["HOME"] = user.home;
  environment["USER"] = environment["LOGNAME"] = user.name;
  environment["SHELL"] = user.shell;
  environment.emplace("PATH", standard_path);
  for (const auto& [name, value] : added) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw Error(ErrorKind::invalid_argument,
                  "'" + name.substr(0, 64) + "' cannot be the name of an environment variable");
    }
    environment[name] = value;
  }
  return environment;
}

Launch prepare(const std::vector<std::string>& command, const User& user, const Environment& environment,
               const std::string& directory) {
  if (command.empty()) {
    throw Error(ErrorKind::invalid_argument, "the command is empty");
  }
  for (const std::string& word : command) {
    refuse_zero_byte(word, "the command");
  }
  refuse_zero_byte(directory, "the directory");
  Launch launch{.program = command.front(),
                .candidates = {},
                .arguments = command,
                .environment = {},
                .directory = directory.empty() ? user.home : directory,
                .directory_is_a_wish = directory.empty(),
                .user = user};
  const auto path = environment.find("PATH");
  launch.candidates = find_candidates(command.front(), path == environment.end() ? standard_path : path->second);
  launch.environment.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    launch.environment.push_back(name + "=" + value);
    refuse_zero_byte(launch.environment.back(), "the environment");
  }
  return launch;
}

}  // namespace berth::agent
