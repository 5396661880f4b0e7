// SPDX-License-Identifier: Apache-2.0
#include "cli/config.h"

#include <sys/stat.h>

#include "base/described.h"

namespace berth::cli {
namespace {

struct ConfigFile {
  std::string url;
  std::string token;
};
BOOST_DESCRIBE_STRUCT(ConfigFile, (), (url, token))

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

void write_config(const std::filesystem::path& path, const ConfigFile& file) {
  std::error_code fault;
  if (std::filesystem::create_directories(path.parent_path(), fault)) {
    ::chmod(path.parent_path().c_str(), 0700);
  }
  if (fault) {
    throw Error(ErrorKind::unavailable,
                "cannot make the folder " + path.parent_path().string() + ": " + fault.message());
  }
  write_secret_file(path, Secret(print_json(to_json(file))));
}

std::optional<std::filesystem::path> find_config_path(const Environment& environment) {
  if (const auto folder = variable(environment, "XDG_CONFIG_HOME"); folder && folder->starts_with('/')) {
    return std::filesystem::path(*folder) / "berth" / "config.json";
  }
  if (const auto home = variable(environment, "HOME")) {
    return std::filesystem::path(*home) / ".config" / "berth" / "config.json";
  }
  return std::nullopt;
}

}  // namespace

std::filesystem::path config_path(const Environment& environment) {
  if (auto path = find_config_path(environment)) {
    return *path;
  }
  throw Error(ErrorKind::invalid_argument,
              "there is no place for the config file: set HOME or XDG_CONFIG_HOME, or BERTH_URL and BERTH_TOKEN");
}

std::optional<SavedLogin> load_login(const std::filesystem::path& path) {
  std::error_code fault;
  if (!std::filesystem::exists(path, fault) && !fault) {
    return std::nullopt;
  }
  const Secret text = read_secret_file(path);
  try {
    auto file = read_json<ConfigFile>(parse_json(text.reveal()), Missing::keeps_default);
    return SavedLogin{std::move(file.url), Secret(std::move(file.token))};
  } catch (const Error& error) {
    throw Error(ErrorKind::invalid_argument,
                path.string() + " is damaged (" + error.what() + "); delete it and sign in again with 'berth login'");
  }
}

void save_login(const std::filesystem::path& path, const SavedLogin& login) {
  write_config(path, {login.url, login.token.reveal()});
}

void forget_login(const std::filesystem::path& path) {
  if (const auto login = load_login(path)) {
    write_config(path, {login->url, {}});
  }
}

Access find_access(const Environment& environment) {
  const auto url = variable(environment, "BERTH_URL");
  const auto token = variable(environment, "BERTH_TOKEN");
  if (url && token) {
    return {parse_endpoint(*url), Secret(*token), true};
  }
  const auto path = find_config_path(environment);
  const auto login = path ? load_login(*path) : std::nullopt;
  const bool has_login_url = login && !login->url.empty();
  Access access;
  access.endpoint = parse_endpoint(url ? *url : has_login_url ? login->url : std::string(default_url));
  if (token) {
    access.token = Secret(*token);
    access.token_from_environment = true;
  } else if (has_login_url && parse_endpoint(login->url) == access.endpoint) {
    access.token = login->token;
  }
  return access;
}

}  // namespace berth::cli
