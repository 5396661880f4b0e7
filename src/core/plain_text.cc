// SPDX-License-Identifier: Apache-2.0
#include "core/plain_text.h"

#include <algorithm>
#include <cstddef>

#include "core/utf8.h"

namespace berth::core {
namespace {

constexpr std::size_t longest = 500;

// Not controls (U+0080 to U+009F), marks and turns of direction (U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069),
// nor ends of lines (U+2028, U+2029), as they are encoded.
bool is_shown(std::string_view character) {
  const auto within = [&](std::string_view first, std::string_view last) {
    return character.size() == first.size() && first <= character && character <= last;
  };
  if (character.size() == 1) {
    return within(" ", "~");
  }
  return !within("\xC2\x80", "\xC2\x9F") && !within("\xE2\x80\x8E", "\xE2\x80\x8F") &&
         !within("\xE2\x80\xA8", "\xE2\x80\xAE") && !within("\xE2\x81\xA6", "\xE2\x81\xA9");
}

}  // namespace

std::string plain_text(std::string_view words) {
  std::string plain;
  while (!words.empty()) {
    const std::size_t length = character_length(words);
    const std::string_view character = words.substr(0, std::max<std::size_t>(length, 1));
    const std::string_view kept = length > 0 && is_shown(character) ? character : "?";
    if (plain.size() + kept.size() > longest) {
      break;
    }
    plain += kept;
    words.remove_prefix(character.size());
  }
  return plain;
}

}  // namespace berth::core
