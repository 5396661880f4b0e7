// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include <algorithm>
#include <cstddef>

#include "base/error.h"
#include "http/text.h"

namespace berth::http {
namespace {

constexpr std::size_t most_queries = 100;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::invalid_argument, what); }

std::optional<unsigned> hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const char letter = static_cast<char>(digit | 0x20);
  if (letter >= 'a' && letter <= 'f') {
    return letter - 'a' + 10;
  }
  return std::nullopt;
}

// The byte of the escape at the front of `text`.
char unescape(std::string_view text) {
  const auto high = text.size() > 2 ? hexadecimal(text[1]) : std::nullopt;
  const auto low = text.size() > 2 ? hexadecimal(text[2]) : std::nullopt;
  if (!high || !low) {
    refuse("the address has a '%' without two hexadecimal digits");
  }
  return static_cast<char>(*high << 4 | *low);
}

void check_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    refuse("the address has a NUL");
  }
  if (!is_utf8(text)) {
    refuse("the address is not UTF-8");
  }
}

std::string decode_path(std::string_view text) {
  std::string path;
  path.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char byte = text[at];
    if (byte == '%') {
      byte = unescape(text.substr(at));
      at += 2;
      // Decoding it would move the borders of segments, which a proxy in front may have decided by.
      if (byte == '/' || byte == '\\') {
        refuse("the address has an encoded slash");
      }
    }
    path += byte;
  }
  check_text(path);
  if (std::ranges::any_of(path, [](char byte) { return (byte >= 0 && byte < 0x20) || byte == 0x7f; })) {
    refuse("the address has a control character");
  }
  return path;
}

std::string decode_query(std::string_view text) {
  std::string value;
  value.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char byte = text[at];
    if (byte == '%') {
      byte = unescape(text.substr(at));
      at += 2;
    } else if (byte == '+') {
      byte = ' ';
    }
    value += byte;
  }
  check_text(value);
  return value;
}

void check_segments(std::string_view path) {
  std::optional<std::string_view> rest = path;
  while (const auto segment = next_part(rest, '/')) {
    if (*segment == "." || *segment == "..") {
      refuse("the address has a '.' or '..' in its path");
    }
  }
}

// What follows scheme and host of an absolute form.
std::string_view without_origin(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
      return target.empty() ? "/" : target;
    }
  }
  return target;
}

}  // namespace

Target parse_target(std::string_view target) {
  if (target == "*") {
    return {"*", {}};
  }
  target = without_origin(target);
  if (target.find('#') != std::string_view::npos) {
    refuse("the address has a '#'");
  }
  Target result;
  const auto end = target.find('?');
  const std::string_view path = target.substr(0, end);
  if (path.empty() && end == 0) {
    result.path = "/";
  } else if (!path.starts_with('/')) {
    refuse("the address does not begin with '/'");
  } else {
    result.path = decode_path(path);
    check_segments(result.path);
  }
  if (end == std::string_view::npos) {
    return result;
  }
  std::optional<std::string_view> rest = target.substr(end + 1);
  while (const auto pair = next_part(rest, '&')) {
    if (pair->empty()) {
      continue;
    }
    if (result.queries.size() == most_queries) {
      refuse("the address has too many parameters");
    }
    const auto equals = pair->find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : pair->substr(equals + 1);
    result.queries.emplace_back(decode_query(pair->substr(0, equals)), decode_query(value));
  }
  return result;
}

std::optional<std::string> find_cookie(std::string_view header, std::string_view name) {
  std::optional<std::string_view> rest = header;
  while (const auto part = next_part(rest, ';')) {
    const std::string_view pair = trim(*part);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) {
      continue;
    }
    std::string_view value = trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return std::string(value);
  }
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || text.size() - at < length) {
      return false;
    }
    for (std::size_t next = 1; next < length; ++next) {
      if ((static_cast<unsigned char>(text[at + next]) & 0xc0) != 0x80) {
        return false;
      }
    }
    const auto second = length > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    if (overlong || beyond) {
      return false;
    }
    at += length;
  }
  return true;
}

}  // namespace berth::http
