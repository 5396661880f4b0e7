// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/secret.h"
#include "cli/endpoint.h"

namespace berth::cli {

using Environment = std::map<std::string, std::string>;

// What a sign-in leaves behind in the config file.
struct SavedLogin {
  std::string url;
  Secret token;
};

// $XDG_CONFIG_HOME/berth/config.json, or ~/.config/berth/config.json. Throws Error{invalid_argument} without a home.
std::filesystem::path config_path(const Environment& environment);
// Nothing if there is no such file. Throws Error when it cannot be read or is not ours.
std::optional<SavedLogin> load_login(const std::filesystem::path& path);
// Writes the file with mode 0600, and its folder with 0700 if it is not there.
void save_login(const std::filesystem::path& path, const SavedLogin& login);
// Forgets the token; the URL stays for the next sign-in.
void forget_login(const std::filesystem::path& path);

// Which server, and as whom.
struct Access {
  Endpoint endpoint;
  Secret token;  // empty: not signed in
  bool token_from_environment = false;
};

// BERTH_URL and BERTH_TOKEN go before the config file. A stored token goes to no server but its own.
Access find_access(const Environment& environment);

}  // namespace berth::cli
