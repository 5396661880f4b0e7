// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/clock.h"

namespace berth::doors::ssh {

struct AdmissionLimits {
  std::uint32_t most_connections = 1000;
  std::uint32_t most_strangers = 100;  // connections of nobody we know yet
  std::uint32_t most_strangers_per_address = 10;
  std::uint32_t most_failures_per_minute = 20;  // of one address: connections that ended as strangers
};

// Who may still connect. An address is what a flood has few of: an IPv4 address, or an IPv6 network of 64 bits.
class Admission {
 public:
  Admission(AdmissionLimits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // Whether one more from there may come in; then it counts as a stranger.
  bool admit(const std::string& address);
  // It is known now. A guest that was made for it counts like a failure, for guests are cheap to make.
  void welcome(const std::string& address, bool new_guest = false);
  // It ended: a stranger still, or one that was welcomed.
  void leave_stranger(const std::string& address);
  void leave();

  std::size_t connections() const { return strangers_ + known_; }
  std::size_t addresses() const { return addresses_.size(); }

 private:
  struct Address {
    std::uint32_t strangers = 0;
    std::deque<TimePoint> failures;  // of the last minute
  };

  Address& current(const std::string& address);
  void forget_idle();
  void remove_stranger(Address& address);
  void remember_failure(Address& address);

  AdmissionLimits limits_;
  const Clock& clock_;
  std::size_t strangers_ = 0;
  std::size_t known_ = 0;
  std::map<std::string, Address> addresses_;
  std::size_t forget_at_ = 1024;
};

// The address that counts for admission.
std::string admission_address(const std::string& address);

}  // namespace berth::doors::ssh
