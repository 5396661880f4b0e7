// SPDX-License-Identifier: Apache-2.0
#include "warden/config.h"

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <algorithm>

#include "base/described.h"
#include "warden/address_block.h"
#include "warden/files.h"

namespace berth::warden {
namespace {

boost::json::value to_json_value(const toml::node& node) {
  if (const toml::table* table = node.as_table()) {
    boost::json::object object;
    for (const auto& [key, value] : *table) {
      object[key.str()] = to_json_value(value);
    }
    return object;
  }
  if (const toml::array* array = node.as_array()) {
    boost::json::array list;
    for (const toml::node& value : *array) {
      list.push_back(to_json_value(value));
    }
    return list;
  }
  if (const auto* text = node.as_string()) {
    return boost::json::value(boost::json::string(text->get()));
  }
  if (const auto* number = node.as_integer()) {
    return number->get();
  }
  if (const auto* truth = node.as_boolean()) {
    return truth->get();
  }
  return nullptr;
}

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
  try {
    from_json(to_json_value(toml::parse(text)), config, Missing::keeps_default);
  } catch (const toml::parse_error& fault) {
    throw Error(ErrorKind::invalid_argument,
                "line " + std::to_string(fault.source().begin.line) + ": " + std::string(fault.description()));
  }
  return config;
}

Config read_config(const std::string& file) {
  const std::optional<std::string> text = read_file_if_there(file);
  if (!text) {
    throw Error(ErrorKind::not_found, "there is no configuration file " + file);
  }
  return parse_config(*text);
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
