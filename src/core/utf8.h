// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::core {

// How many bytes the character at the front of the text has, or 0 when it is none. (RFC 3629: no surrogates, no longer
// form than needed, nothing beyond U+10FFFF.)
std::size_t character_length(std::string_view text);

// Turns bytes that come in pieces, which may end inside a character, into valid text. What is no character becomes
// U+FFFD.
class Utf8Joiner {
 public:
  // The text that is whole by now.
  std::string add(std::string_view bytes);
  // What is left over at the end.
  std::string finish();

 private:
  std::string begun_;  // a character so far: at most 3 bytes
};

}  // namespace berth::core
