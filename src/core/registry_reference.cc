// SPDX-License-Identifier: Apache-2.0
#include "core/registry_reference.h"

#include <algorithm>

#include "base/error.h"

namespace berth::core {
namespace {

constexpr std::string_view transport = "docker://";
constexpr std::size_t longest_reference = 512;

bool is_lower(char character) { return character >= 'a' && character <= 'z'; }
bool is_digit(char character) { return character >= '0' && character <= '9'; }
bool is_alphanumeric(char character) {
  return is_lower(character) || is_digit(character) || (character >= 'A' && character <= 'Z');
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::invalid_argument, "the image reference " + why, "reference");
}

// Letters, digits and, not at the ends, the given others.
template <class Allowed>
bool is_word(std::string_view text, Allowed allowed) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [&](char character) { return is_alphanumeric(character) || allowed(character); });
}

void check_registry(std::string_view registry) {
  const std::size_t colon = registry.find(':');
  const std::string_view host = registry.substr(0, colon);
  if (!is_word(host, [](char character) { return character == '.' || character == '-'; })) {
    refuse("has no valid host name");
  }
  if (colon != std::string_view::npos) {
    const std::string_view port = registry.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, is_digit)) {
      refuse("has no valid port");
    }
  }
}

void check_name(std::string_view name) {
  for (;;) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    const bool lower = std::ranges::none_of(part, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!lower || !is_word(part, [](char c) { return c == '.' || c == '_' || c == '-'; })) {
      refuse("has no valid name: lower-case letters, digits and .-_/ are allowed");
    }
    if (slash == std::string_view::npos) {
      return;
    }
    name.remove_prefix(slash + 1);
  }
}

void check_tag(std::string_view tag) {
  const auto is_tag = [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; };
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-' ||
      !std::ranges::all_of(tag, is_tag)) {
    refuse("has no valid tag");
  }
}

void check_digest(std::string_view digest) {
  constexpr std::string_view algorithm = "sha256:";
  const std::string_view hexadecimal = digest.substr(std::min(digest.size(), algorithm.size()));
  if (!digest.starts_with(algorithm) || hexadecimal.size() != 64 ||
      !std::ranges::all_of(hexadecimal, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); })) {
    refuse("has no valid digest: only sha256: and 64 hexadecimal digits");
  }
}

// A first part is a host when it looks like one, as everywhere where such references are read.
std::string take_registry(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view first = rest.substr(0, slash);
  if (slash == std::string_view::npos || (first.find('.') == std::string_view::npos &&
                                          first.find(':') == std::string_view::npos && first != "localhost")) {
    return "docker.io";
  }
  check_registry(first);
  rest.remove_prefix(slash + 1);
  return std::string(first);
}

}  // namespace

RegistryReference parse_reference(std::string_view text) {
  if (!text.starts_with(transport)) {
    refuse("must begin with docker://");
  }
  if (text.size() > longest_reference) {
    refuse("is too long");
  }
  std::string_view rest = text.substr(transport.size());
  std::string registry = take_registry(rest);
  const std::size_t at = rest.find('@');
  if (at != std::string_view::npos) {
    check_digest(rest.substr(at + 1));
    rest = rest.substr(0, at);
  }
  const std::size_t colon = rest.find(':');
  if (colon != std::string_view::npos) {
    if (at != std::string_view::npos) {
      refuse("has both a tag and a digest");  // skopeo refuses it too, less clearly
    }
    check_tag(rest.substr(colon + 1));
    rest = rest.substr(0, colon);
  }
  check_name(rest);
  return {std::string(text), std::move(registry)};
}

}  // namespace berth::core
