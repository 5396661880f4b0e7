// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/server_name.h"

#include <algorithm>
#include <cstddef>

namespace berth::doors::tcp {
namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

// A number of two bytes, which it takes away.
std::optional<std::size_t> take_length(std::string_view& bytes) {
  if (bytes.size() < 2) {
    return std::nullopt;
  }
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) * 256U +
                                               static_cast<unsigned char>(bytes[1]));
  bytes.remove_prefix(2);
  return length;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
                  letter == '_';
         });
}

}  // namespace

std::optional<std::string> read_server_name(std::string_view extension) {
  if (take_length(extension) != extension.size() || !extension.starts_with('\0')) {
    return std::nullopt;
  }
  extension.remove_prefix(1);
  if (take_length(extension) != extension.size()) {
    return std::nullopt;
  }
  std::string name(extension);
  std::ranges::transform(name, name.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return is_host_name(name) ? std::optional(name) : std::nullopt;
}

bool is_host_name(std::string_view name) {
  if (name.size() > longest_name) {
    return false;
  }
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    name.remove_prefix(dot + 1);
  }
}

}  // namespace berth::doors::tcp
