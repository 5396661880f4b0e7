// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "relay/side.h"
#include "relay/supplies.h"

namespace berth::relay {

// What one connection may do before the others of its loop have their turn: copy so much, or fill and empty a pipe.
constexpr std::size_t copied_bytes_per_turn = 4 * 65536;

// One direction of a connection. Bytes go through one buffer at a time; a long flow (many full buffers on end) goes
// through a pipe, until it is no longer one. Nothing more is read while `to` does not take what was read.
class Flow {
 public:
  enum class Turn {
    waits,     // for epoll, or for ever, when a side has failed
    has_more,  // did its share; is to be called again
    ended,     // `from` closed, and so did we towards `to`
  };

  Flow(Side& from, Side& to, std::string first) : from_(from), to_(to), first_(std::move(first)), held_(first_) {}
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  Turn turn(Supplies& supplies);
  // Bytes delivered so far.
  std::uint64_t moved() const { return moved_; }
  // Gives up what was not delivered.
  void drop(Supplies& supplies);

 private:
  bool give(Supplies& supplies);
  bool give_held(Supplies& supplies);
  bool give_piped(Supplies& supplies);
  void take(Supplies& supplies);
  void take_by_copying(Supplies& supplies);
  void take_by_splicing();
  void took(std::size_t count);
  bool nothing_came(ssize_t count);
  void put_pipe_back(Supplies& supplies);

  Side& from_;
  Side& to_;
  std::string first_;
  std::span<const char> held_;  // read and not delivered: of first_ or of *buffer_
  std::unique_ptr<Buffer> buffer_;
  std::unique_ptr<Pipe> pipe_;
  std::size_t piped_ = 0;  // bytes in the pipe
  std::uint64_t moved_ = 0;
  std::size_t run_ = 0;  // bytes of large reads since the last small one
  bool ended_ = false;   // `from` has no more
  bool closed_ = false;  // and `to` knows
  bool splices_ = true;  // false: the kernel will not splice from this socket
};

}  // namespace berth::relay
