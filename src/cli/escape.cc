// SPDX-License-Identifier: Apache-2.0
#include "cli/escape.h"

namespace berth::cli {

EscapeDetector::Found EscapeDetector::take(std::string_view typed) {
  Found found;
  for (const char character : typed) {
    if (tilde_) {
      tilde_ = false;
      if (character == '.') {
        found.detach = true;
        return found;
      }
      if (character == '?') {
        found.help = true;
        continue;
      }
      found.input += '~';
      if (character == '~') {
        line_start_ = false;
        continue;
      }
    } else if (line_start_ && character == '~') {
      tilde_ = true;
      continue;
    }
    found.input += character;
    line_start_ = character == '\r' || character == '\n';
  }
  return found;
}

}  // namespace berth::cli
