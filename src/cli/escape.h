// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::cli {

// Finds the escapes of ssh in what is typed: at the start of a line, "~." detaches, "~?" asks for help and "~~" is one
// tilde. Everything else passes unchanged.
class EscapeDetector {
 public:
  struct Found {
    std::string input;    // to send on
    bool detach = false;  // nothing after it counts
    bool help = false;
  };

  Found take(std::string_view typed);

 private:
  bool line_start_ = true;
  bool tilde_ = false;  // typed at the start of a line and not sent yet
};

}  // namespace berth::cli
