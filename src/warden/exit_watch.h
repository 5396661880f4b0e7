// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/descriptor.h"

namespace berth::warden {

// Waits for processes to end, on one thread. `ended` is called there, once for each, with the number it was given.
class ExitWatch {
 public:
  explicit ExitWatch(std::function<void(std::uint64_t)> ended);
  ~ExitWatch();
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;

  // Numbers are never used twice. The descriptor is duplicated.
  void add(std::uint64_t number, int pidfd);

 private:
  void run();

  std::function<void(std::uint64_t)> ended_;
  Descriptor epoll_;
  Descriptor wake_;
  std::mutex mutex_;
  std::map<std::uint64_t, Descriptor> watched_;
  std::thread thread_;
};

}  // namespace berth::warden
