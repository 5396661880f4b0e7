// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace berth::http {

// A connected socket with buffers of bounded size and a limit on each wait. A cancelled call loses no byte: what was
// read stays buffered, what was to be written is written by the next call. Owned by its connection.
class Stream {
 public:
  Stream(const async::Executor& executor, Descriptor socket, std::size_t most_buffered);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // What was read and not yet consumed.
  std::string_view buffered() const { return std::string_view(input_).substr(consumed_); }
  void consume(std::size_t count);
  // Whether the buffer can take no more.
  bool full() const { return input_.size() - consumed_ >= most_buffered_; }
  // Reads more, behind what is buffered; false at the end. Throws Error{timed_out}, and Error{unavailable} once broken.
  async::Task<bool> fill(Milliseconds limit);

  // Returns when the kernel has all. Throws Error{unavailable} once broken, or when the peer takes nothing for `limit`,
  // which breaks it.
  async::Task<> write(std::string bytes, Milliseconds limit);

  // Ends when the peer sends no more, or is gone; buffers what it sends meanwhile. At most one waits, and nobody fills.
  async::Task<> closed_by_peer();

  // Ends the output and throws the peer's input away, until it ends too: closing with unread input would make the
  // kernel reset the connection, and the peer might lose our last answer.
  async::Task<> linger(Milliseconds limit);
  // Closes such that the peer sees an error.
  void cut();
  bool broken() const { return broken_; }
  // Gives the socket up, with nothing waiting on it.
  Descriptor release();

 private:
  class Socket;
  enum class Arrival { some, end, none };

  Arrival receive();
  std::size_t send();
  [[noreturn]] void fail(const char* what);
  async::Task<> take_turn();
  async::Task<> drain(Milliseconds limit);

  std::unique_ptr<Socket> socket_;
  std::size_t most_buffered_;
  std::string input_;
  std::size_t consumed_ = 0;
  std::string output_;
  std::size_t sent_ = 0;
  unsigned turns_ = 0;
  bool ended_ = false;  // the peer sends no more
  bool broken_ = false;
};

}  // namespace berth::http
