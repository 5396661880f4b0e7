// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/descriptor.h"

namespace berth::bench {

// A process that carries connections from a port of its own to `inside`, a port on loopback. It goes with this object.
class Program {
 public:
  // Runs our relay.
  static std::unique_ptr<Program> relay(std::uint16_t inside);
  // Runs haproxy in TCP mode; `option` is one more line of its configuration. Empty when haproxy is not installed.
  static std::unique_ptr<Program> haproxy(std::uint16_t inside, const std::string& option);

  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::uint16_t port() const { return port_; }
  // What all its threads have used.
  std::chrono::nanoseconds processor_time() const;
  void keep_to_one_core(bool one) const;
  // Its own memory: without mapped files, and without what the kernel holds for its sockets.
  std::uint64_t resident_bytes() const;

 private:
  using Run = std::function<void(const Descriptor& listener)>;
  explicit Program(const Run& run);

  pid_t process_ = -1;
  std::uint16_t port_ = 0;
};

// This program, with all its threads and those they will start.
void keep_to_one_core(bool one);

}  // namespace berth::bench
