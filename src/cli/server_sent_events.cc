// SPDX-License-Identifier: Apache-2.0
#include "cli/server_sent_events.h"

#include "base/error.h"

namespace berth::cli {
namespace {

constexpr std::size_t longest_event = 1024 * 1024;

}  // namespace

void EventSplitter::take(std::string_view bytes) {
  for (const char character : bytes) {
    if (character == '\n' && after_return_) {
      after_return_ = false;
      continue;
    }
    after_return_ = character == '\r';
    if (character == '\n' || character == '\r') {
      take_line();
      line_.clear();
    } else {
      line_ += character;
    }
    if (line_.size() + event_.data.size() > longest_event) {
      throw Error(ErrorKind::too_large, "the server sends an event that is too long to be Berth's");
    }
  }
}

void EventSplitter::take_line() {
  if (line_.empty()) {
    if (has_data_) {
      on_event_(event_);
    }
    event_.name.clear();
    event_.data.clear();
    has_data_ = false;
    return;
  }
  const std::string_view line = line_;
  const auto colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  value.remove_prefix(value.starts_with(' ') ? 1 : 0);
  if (field == "data") {
    event_.data += (has_data_ ? "\n" : "") + std::string(value);
    has_data_ = true;
  } else if (field == "event") {
    event_.name = value;
  } else if (field == "id") {
    event_.id = value;
  }
}

}  // namespace berth::cli
