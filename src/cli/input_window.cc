// SPDX-License-Identifier: Apache-2.0
#include "cli/input_window.h"

#include <algorithm>

namespace berth::cli {

bool InputWindow::attached(std::optional<std::uint64_t> taken) {
  const bool first = !started_;
  started_ = true;
  counted_ = taken.has_value();
  if (first || !sole_writer_ || !taken) {
    kept_.erase(0, sent_);
    sent_ = 0;
    base_ = taken.value_or(0);
    return first || !sole_writer_ || !sent_blindly_;
  }
  if (*taken < base_ || *taken - base_ > kept_.size()) {
    return false;  // somebody else wrote, or it is not the session it was
  }
  kept_.erase(0, static_cast<std::size_t>(*taken - base_));
  base_ = *taken;
  sent_ = 0;
  return true;
}

void InputWindow::taken(std::uint64_t taken) {
  if (taken <= base_) {
    return;
  }
  // The count is of all viewers, so it can be more than we sent.
  const auto ours = static_cast<std::size_t>(std::min<std::uint64_t>(taken - base_, sent_));
  kept_.erase(0, ours);
  sent_ -= ours;
  base_ = taken;
}

std::string InputWindow::next() {
  const std::size_t room = counted_ ? limit - sent_ : limit;
  const std::string part = kept_.substr(sent_, std::min(room, longest_message));
  if (counted_) {
    sent_ += part.size();
  } else {
    sent_blindly_ = sent_blindly_ || !part.empty();
    kept_.erase(0, part.size());
  }
  return part;
}

}  // namespace berth::cli
