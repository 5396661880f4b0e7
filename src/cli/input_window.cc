// SPDX-License-Identifier: Apache-2.0
#include "cli/input_window.h"

#include <algorithm>

namespace berth::cli {

bool InputWindow::attached(std::uint64_t taken) {
  if (!started_ || !sole_writer_) {
    started_ = true;
    kept_.erase(0, sent_);
    base_ = taken;
  } else if (taken < base_ || taken - base_ > kept_.size()) {
    return false;  // somebody else wrote, or it is not the session it was
  } else {
    kept_.erase(0, static_cast<std::size_t>(taken - base_));
    base_ = taken;
  }
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
  const std::string part = kept_.substr(sent_, std::min(limit - sent_, longest_message));
  sent_ += part.size();
  return part;
}

}  // namespace berth::cli
