// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"

namespace berth::relay {

using Buffer = std::array<char, 65536>;

// The buffers of one loop. A flow has one only while bytes wait in it, so an idle connection has none.
class Buffers {
 public:
  std::unique_ptr<Buffer> take();
  void put(std::unique_ptr<Buffer> buffer);

 private:
  std::vector<std::unique_ptr<Buffer>> spare_;
};

// A pipe, through which splice moves bytes between sockets without copying them.
struct Pipe {
  Descriptor output;
  Descriptor input;
  std::size_t capacity = 0;
};

// The pipes of one loop: a bounded number, since they take descriptors and pinned memory. A flow has one only while it
// is moving bytes by it.
class Pipes {
 public:
  explicit Pipes(std::size_t most) : most_(most) {}
  // Empty when there is none to be had: then bytes are copied.
  std::unique_ptr<Pipe> take(std::chrono::steady_clock::time_point now);
  // Takes an empty pipe back.
  void put(std::unique_ptr<Pipe> pipe) { spare_.push_back(std::move(pipe)); }
  // A pipe is lost with what is in it.
  void forget() { --made_; }

 private:
  std::unique_ptr<Pipe> make();

  std::vector<std::unique_ptr<Pipe>> spare_;
  std::size_t most_;
  std::size_t made_ = 0;
  std::chrono::steady_clock::time_point not_before_{};
};

// What the connections of a loop share; its thread only, but for the count.
struct Supplies {
  explicit Supplies(std::size_t most_pipes) : pipes(most_pipes) {}

  Buffers buffers;
  Pipes pipes;
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> bytes_spliced = 0;
};

}  // namespace berth::relay
