// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace berth {

std::string random_name(std::size_t length) {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name(length, '\0');
  std::size_t filled = 0;
  while (filled < length) {
    const ssize_t got = getrandom(name.data() + filled, std::min<std::size_t>(length - filled, 256), 0);
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      std::abort();
    }
    filled += static_cast<std::size_t>(got);
  }
  for (char& character : name) {
    character = alphabet[static_cast<unsigned char>(character) % alphabet.size()];
  }
  return name;
}

bool is_name(std::string_view text, std::size_t longest) {
  const auto is_alphanumeric = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
  };
  if (text.empty() || text.size() > longest || !is_alphanumeric(text.front()) ||
      text.find("..") != std::string_view::npos) {
    return false;
  }
  return std::ranges::all_of(text, [&](char character) {
    return is_alphanumeric(character) || character == '.' || character == '_' || character == '-';
  });
}

}  // namespace berth
