// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace berth::core {

// Words that may come from an instance or a registry, made fit to keep and to show: printable ASCII, others as '?', at
// most 500 characters.
inline std::string plain_text(std::string_view words) {
  std::string plain(words.substr(0, 500));
  for (char& character : plain) {
    if (character < 0x20 || character > 0x7e) {
      character = '?';
    }
  }
  return plain;
}

}  // namespace berth::core
