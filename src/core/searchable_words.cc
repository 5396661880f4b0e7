// SPDX-License-Identifier: Apache-2.0
#include "core/searchable_words.h"

#include <utility>

namespace berth::core {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\x07';

bool is_between(char byte, char low, char high) { return byte >= low && byte <= high; }

}  // namespace

std::vector<std::string> searchable_words(std::string_view text) {
  WordCollector collector;
  collector.add(text);
  return collector.take();
}

void WordCollector::add(std::string_view output) {
  if (bytes_ >= most_words_bytes) {
    return;
  }
  for (const char byte : output) {
    take_byte(byte);
  }
}

// ECMA-48, as far as it tells where a sequence ends.
void WordCollector::take_byte(char byte) {
  switch (state_) {
    case State::text:
      take_text(byte);
      return;
    case State::escape:
      if (byte == '[') {
        state_ = State::sequence;
      } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        state_ = State::string;
      } else {
        state_ = is_between(byte, 0x20, 0x2f) ? State::intermediate : State::text;
      }
      return;
    case State::intermediate:
      state_ = is_between(byte, 0x20, 0x2f) ? State::intermediate : State::text;
      return;
    case State::sequence:
      if (is_between(byte, 0x40, 0x7e)) {
        state_ = State::text;
        if (byte != 'm' && byte != 'K') {  // colours, and erasing to the end of the line, stand inside words
          end_word();
        }
      }
      return;
    case State::string:
      state_ = byte == bell ? State::text : byte == escape ? State::string_escape : State::string;
      return;
    case State::string_escape:
      state_ = State::text;
      return;
  }
}

void WordCollector::take_text(char byte) {
  if (byte == escape) {
    state_ = State::escape;
  } else if (is_between(byte, 'A', 'Z')) {
    word_ += static_cast<char>(byte - 'A' + 'a');
  } else if (is_between(byte, 'a', 'z') || is_between(byte, '0', '9') || static_cast<unsigned char>(byte) >= 0x80) {
    word_ += byte;
  } else {
    end_word();
  }
  if (word_.size() > longest_word + 3) {  // the rest is read past, and the next character is whole
    word_.pop_back();
  }
}

void WordCollector::end_word() {
  std::string word = std::exchange(word_, {});
  if (word.size() > longest_word) {
    std::size_t length = longest_word;
    while ((static_cast<unsigned char>(word[length]) & 0xC0) == 0x80) {
      --length;
    }
    word.resize(length);
  }
  if (!word.empty() && bytes_ + word.size() <= most_words_bytes) {
    const std::size_t size = word.size();
    if (words_.insert(std::move(word)).second) {
      bytes_ += size + 1;
    }
  }
}

std::vector<std::string> WordCollector::take() {
  end_word();
  state_ = State::text;
  bytes_ = 0;
  const std::set<std::string> words = std::exchange(words_, {});
  return {words.begin(), words.end()};
}

}  // namespace berth::core
