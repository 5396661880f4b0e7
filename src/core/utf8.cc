// SPDX-License-Identifier: Apache-2.0
#include "core/utf8.h"

namespace berth::core {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// How many bytes a character that begins so should have; 0: none begins so.
std::size_t expected_length(unsigned char first) {
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xC2 || first > 0xF4) {
    return 0;
  }
  return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
}

// Whether the text, which is no whole character, may be the beginning of one.
bool may_begin_a_character(std::string_view text) {
  const std::size_t length = expected_length(static_cast<unsigned char>(text.front()));
  if (text.size() >= length) {
    return false;
  }
  std::string whole(text);
  whole.append(length - text.size(), '\x80');
  if (character_length(whole) == length) {
    return true;
  }
  whole.replace(text.size(), length - text.size(), length - text.size(), '\xBF');  // after E0, F0: not the shorter form
  return character_length(whole) == length;
}

}  // namespace

std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(0);
  const std::size_t length = expected_length(first);
  if (length <= 1) {
    return length;
  }
  if (text.size() < length) {
    return 0;
  }
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const bool too_long = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return too_long || surrogate || beyond ? 0 : length;
}

std::string Utf8Joiner::add(std::string_view bytes) {
  std::string joined;
  if (!begun_.empty()) {
    joined = begun_.append(bytes);
    bytes = joined;
    begun_.clear();
  }
  std::string text;
  text.reserve(bytes.size());
  std::size_t good = 0;  // bytes at the front that are text
  const auto hand_over = [&] {
    text.append(bytes.substr(0, good));
    bytes.remove_prefix(good);
    good = 0;
  };
  while (good < bytes.size()) {
    const std::string_view rest = bytes.substr(good);
    if (const std::size_t length = character_length(rest); length != 0) {
      good += length;
      continue;
    }
    hand_over();
    if (bytes.size() < 4 && may_begin_a_character(bytes)) {
      begun_ = bytes;
      return text;
    }
    text.append(replacement);
    bytes.remove_prefix(1);
  }
  hand_over();
  return text;
}

std::string Utf8Joiner::finish() {
  const bool left = !begun_.empty();
  begun_.clear();
  return left ? std::string(replacement) : std::string();
}

}  // namespace berth::core
