// SPDX-License-Identifier: Apache-2.0
#include "relay/supplies.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace berth::relay {
namespace {

constexpr std::size_t most_spare_buffers = 16;
constexpr int wanted_capacity = 1 << 20;
// Users beyond their share of pipe memory (/proc/sys/fs/pipe-user-pages-soft) get tiny pipes; copying beats those.
constexpr int least_capacity = 65536;
constexpr std::chrono::seconds pause_after_failure{1};

}  // namespace

std::unique_ptr<Buffer> Buffers::take() {
  if (spare_.empty()) {
    return std::make_unique_for_overwrite<Buffer>();
  }
  std::unique_ptr<Buffer> buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void Buffers::put(std::unique_ptr<Buffer> buffer) {
  if (spare_.size() < most_spare_buffers) {
    spare_.push_back(std::move(buffer));
  }
}

std::unique_ptr<Pipe> Pipes::take(std::chrono::steady_clock::time_point now) {
  if (!spare_.empty()) {
    std::unique_ptr<Pipe> pipe = std::move(spare_.back());
    spare_.pop_back();
    return pipe;
  }
  if (made_ == most_ || now < not_before_) {
    return nullptr;
  }
  std::unique_ptr<Pipe> pipe = make();
  if (pipe == nullptr) {
    not_before_ = now + pause_after_failure;
  } else {
    ++made_;
  }
  return pipe;
}

std::unique_ptr<Pipe> Pipes::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return nullptr;
  }
  auto pipe = std::make_unique<Pipe>(Pipe{.output = Descriptor(ends[0]), .input = Descriptor(ends[1])});
  int capacity = ::fcntl(pipe->input.get(), F_SETPIPE_SZ, wanted_capacity);
  if (capacity < 0) {
    capacity = ::fcntl(pipe->input.get(), F_GETPIPE_SZ);
  }
  if (capacity < least_capacity) {
    return nullptr;
  }
  pipe->capacity = static_cast<std::size_t>(capacity);
  return pipe;
}

}  // namespace berth::relay
