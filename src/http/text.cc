// SPDX-License-Identifier: Apache-2.0
#include "http/text.h"

#include <algorithm>

namespace berth::http {
namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter; }

bool is_alphanumeric(char letter) {
  return (letter >= '0' && letter <= '9') || (lower(letter) >= 'a' && lower(letter) <= 'z');
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::string_view> next_part(std::optional<std::string_view>& rest, char separator) {
  if (!rest) {
    return std::nullopt;
  }
  const auto end = rest->find(separator);
  const std::string_view part = rest->substr(0, end);
  if (end == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(end + 1);
  }
  return part;
}

bool list_contains(std::string_view list, std::string_view element) {
  std::optional<std::string_view> rest = list;
  while (const auto part = next_part(rest, ',')) {
    if (equal_ignoring_case(trim(part->substr(0, part->find(';'))), element)) {
      return true;
    }
  }
  return false;
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char letter) {
    return is_alphanumeric(letter) || marks.find(letter) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) {
    const auto code = static_cast<unsigned char>(letter);
    return letter == '\t' || (code >= 0x20 && code != 0x7f);
  });
}

}  // namespace berth::http
