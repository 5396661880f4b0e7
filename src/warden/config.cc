// SPDX-License-Identifier: Apache-2.0
#include "warden/config.h"

#include <algorithm>

#include "base/described.h"
#include "base/toml.h"
#include "warden/address_block.h"

namespace berth::warden {
namespace {

void require(bool holds, const std::string& key, const std::string& rule) {
  if (!holds) {
    throw Error(ErrorKind::invalid_argument, "'" + key + "' " + rule, key);
  }
}

// Paths of ours become part of overlay options, where these characters separate.
bool is_plain_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of(":,\\\"\n") == std::string_view::npos &&
         text.find("/../") == std::string_view::npos;
}

}  // namespace

Config parse_config(std::string_view text) {
  Config config;
  from_json(parse_toml(text), config, Missing::keeps_default);
  return config;
}

Config read_config(const std::string& file) {
  Config config;
  from_json(read_toml_file(file), config, Missing::keeps_default);
  return config;
}

void check_config(const Config& config) {
  require(is_plain_path(config.data_dir), "data_dir", "must be an absolute path without : , or \\");
  require(is_plain_path(config.run_dir), "run_dir", "must be an absolute path without : , or \\");
  const auto lower = [](char character) { return character >= 'a' && character <= 'z'; };
  const auto lower_or_digit = [&](char character) {
    return lower(character) || (character >= '0' && character <= '9');
  };
  // A link's name is the name, a dash and an index, and at most 15 characters.
  require(!config.name.empty() && config.name.size() <= 8 && lower(config.name.front()) &&
              std::ranges::all_of(config.name, lower_or_digit),
          "name", "must be a letter and then at most 7 letters and digits, lower case");
  require(!config.client_user.empty(), "client_user", "must name a user");
  require(!config.runtime.empty(), "runtime", "must name a program");
  require(config.first_uid >= 65'536 && config.first_uid % 65'536 == 0 && config.first_uid < 0x7fff0000U, "first_uid",
          "must be a multiple of 65536 from 65536 to 2147418112");
  require(config.resolvers.size() <= 3, "resolvers", "must be at most 3 addresses");
  for (const std::string& resolver : config.resolvers) {
    require(parse_address(resolver).has_value(), "resolvers", "must be IPv4 addresses");
  }
  (void)AddressBlock(config.network);
}

}  // namespace berth::warden
