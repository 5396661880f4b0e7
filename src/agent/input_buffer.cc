// SPDX-License-Identifier: Apache-2.0
#include "agent/input_buffer.h"

#include "base/error.h"
#include "wire/agent_protocol.h"

namespace berth::agent {

void InputBuffer::receive(std::uint64_t offset, std::string_view bytes) {
  if (offset > received_) {
    throw Error(ErrorKind::invalid_argument, "the host left out some input");
  }
  const std::uint64_t repeated = received_ - offset;
  if (repeated >= bytes.size()) {
    return;
  }
  bytes.remove_prefix(repeated);
  if (waiting().size() + bytes.size() > wire::input_window) {
    throw Error(ErrorKind::invalid_argument, "the host sent more input than the window allows");
  }
  received_ += bytes.size();
  if (!discarding_ && !finished_) {
    bytes_.erase(0, begin_);
    begin_ = 0;
    bytes_.append(bytes);
  }
}

void InputBuffer::discard() {
  discarding_ = true;
  take(waiting().size());
}

void InputBuffer::take(std::size_t count) {
  begin_ += count;
  if (begin_ == bytes_.size()) {
    bytes_ = std::string();  // gives the memory back
    begin_ = 0;
  }
}

}  // namespace berth::agent
