// SPDX-License-Identifier: Apache-2.0
#include "base/toml.h"

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.h"

namespace berth {
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
  if (const auto* number = node.as_floating_point()) {
    return number->get();
  }
  if (const auto* truth = node.as_boolean()) {
    return truth->get();
  }
  throw Error(ErrorKind::invalid_argument, "line " + std::to_string(node.source().begin.line) +
                                               ": dates are not used here; write a duration such as 5m");
}

}  // namespace

boost::json::value parse_toml(std::string_view text) {
  try {
    return to_json_value(toml::parse(text));
  } catch (const toml::parse_error& fault) {
    throw Error(ErrorKind::invalid_argument,
                "line " + std::to_string(fault.source().begin.line) + ": " + std::string(fault.description()));
  }
}

boost::json::value read_toml_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    throw Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                "cannot read the configuration " + path.string() + ": " + std::strerror(errno));
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    return parse_toml(text);
  } catch (const Error& error) {
    throw Error(error.kind(), path.string() + ": " + error.what());
  }
}

}  // namespace berth
