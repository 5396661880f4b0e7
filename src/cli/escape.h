// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::cli {

// Finds the escapes of ssh in what is typed: at the start of a line, "~." detaches, "~?" asks for help and "~~" is one
// tilde. Everything else passes unchanged. What the terminal itself reports (shells ask it where the cursor is) is not
// typed and leaves the start of a line the start.
class EscapeDetector {
 public:
  struct Found {
    std::string input;    // to send on
    bool detach = false;  // nothing after it counts
    bool help = false;
  };

  Found take(std::string_view typed);

 private:
  enum class Report { none, begun, inside };  // after ESC, after ESC [

  void follow(char character);

  bool line_start_ = true;
  Report report_ = Report::none;
  bool tilde_ = false;  // typed at the start of a line and not sent yet
};

}  // namespace berth::cli
