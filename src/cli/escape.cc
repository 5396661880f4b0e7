// SPDX-License-Identifier: Apache-2.0
#include "cli/escape.h"

namespace berth::cli {

// ECMA-48, 5.4: a control sequence is ESC [ and bytes below '@' up to a final byte. Terminals report with the finals
// below: where the cursor is, what they are, and that they have the focus.
void EscapeDetector::follow(char character) {
  constexpr std::string_view finals_of_reports = "RcnIOt";
  constexpr char escape = '\x1b';
  if (report_ == Report::inside) {
    if (character >= '@' || character < ' ') {
      line_start_ = finals_of_reports.contains(character);
      report_ = Report::none;
    }
  } else if (report_ == Report::begun) {
    report_ = character == '[' ? Report::inside : Report::none;
    line_start_ = report_ == Report::inside;
  } else if (line_start_ && character == escape) {
    report_ = Report::begun;
  } else {
    line_start_ = character == '\r' || character == '\n';
  }
}

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
    } else if (line_start_ && report_ == Report::none && character == '~') {
      tilde_ = true;
      continue;
    }
    found.input += character;
    follow(character);
  }
  return found;
}

}  // namespace berth::cli
