// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth::core {

// The words of a text as they are searched for: runs of letters and digits, where every character beyond ASCII counts
// as a letter; ASCII in lower case; at most longest_word bytes of each. The text is UTF-8.
std::vector<std::string> searchable_words(std::string_view text);

inline constexpr std::size_t longest_word = 64;

// Collects the different words of what a terminal showed, until they have most_words_bytes together: control
// characters and escape sequences are left out, and colours do not cut a word.
class WordCollector {
 public:
  // The next piece of output, in whole UTF-8 characters.
  void add(std::string_view output);
  // In the order of their bytes.
  std::vector<std::string> take();

  static constexpr std::size_t most_words_bytes = 64U << 10;

 private:
  enum class State { text, escape, intermediate, sequence, string, string_escape };

  void take_byte(char byte);
  void take_text(char byte);
  void end_word();

  State state_ = State::text;
  std::string word_;
  std::set<std::string> words_;
  std::size_t bytes_ = 0;
};

}  // namespace berth::core
