// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/admission.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace berth::doors::ssh {
namespace {

constexpr Seconds memory{60};

void drop_old(std::deque<TimePoint>& failures, TimePoint now) {
  while (!failures.empty() && failures.front() + memory <= now) {
    failures.pop_front();
  }
}

}  // namespace

Admission::Address& Admission::current(const std::string& address) {
  Address& found = addresses_[address];
  drop_old(found.failures, clock_.now());
  return found;
}

void Admission::forget_idle() {
  if (addresses_.size() < forget_at_) {
    return;
  }
  const TimePoint now = clock_.now();
  std::erase_if(addresses_, [&](const auto& entry) {
    const auto& [strangers, failures] = entry.second;
    return strangers == 0 && (failures.empty() || failures.back() + memory <= now);
  });
  forget_at_ = std::max<std::size_t>(1024, addresses_.size() * 2);
}

bool Admission::admit(const std::string& address) {
  forget_idle();
  Address& from = current(address);
  if (connections() >= limits_.most_connections || strangers_ >= limits_.most_strangers ||
      from.strangers >= limits_.most_strangers_per_address ||
      from.failures.size() >= limits_.most_failures_per_minute) {
    return false;
  }
  ++from.strangers;
  ++strangers_;
  return true;
}

void Admission::remove_stranger(Address& address) {
  address.strangers -= std::min(address.strangers, 1U);
  strangers_ -= std::min<std::size_t>(strangers_, 1);
}

void Admission::remember_failure(Address& address) {
  if (address.failures.size() < limits_.most_failures_per_minute) {
    address.failures.push_back(clock_.now());
  }
}

void Admission::welcome(const std::string& address, bool new_guest) {
  Address& from = current(address);
  remove_stranger(from);
  if (new_guest) {
    remember_failure(from);
  }
  ++known_;
}

void Admission::leave_stranger(const std::string& address) {
  Address& from = current(address);
  remove_stranger(from);
  remember_failure(from);
}

void Admission::leave() { known_ -= std::min<std::size_t>(known_, 1); }

std::string admission_address(const std::string& address) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) {
    return address;
  }
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::array<char, INET_ADDRSTRLEN> text{};
    return ::inet_ntop(AF_INET, v6.s6_addr + 12, text.data(), text.size());
  }
  std::memset(v6.s6_addr + 8, 0, 8);
  std::array<char, INET6_ADDRSTRLEN> text{};
  return std::string(::inet_ntop(AF_INET6, &v6, text.data(), text.size())) + "/64";
}

}  // namespace berth::doors::ssh
