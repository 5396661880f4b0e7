// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "wire/check.h"

namespace berth::warden {

// Follows one check to its end: keeps the beginning of what it prints and drops the rest, ends it when its time is
// over or a machine it looks at ends. Whatever happens, nothing of it runs when this object is gone.
class CheckWatch {
 public:
  // `machines`: pidfds. `inside`: it must end its children itself before it is killed.
  CheckWatch(bool inside, Milliseconds limit, const std::vector<Descriptor>& machines);
  ~CheckWatch();
  CheckWatch(const CheckWatch&) = delete;
  CheckWatch& operator=(const CheckWatch&) = delete;

  // `start` gives the check its ends of these, which are closed here afterwards.
  void begin(const std::function<void(int answers, int output, int errors)>& start);
  // Throws Error{unavailable}: it is not known what the check would have said.
  wire::CheckReport run();

 private:
  bool wait();
  void take_answer();
  void end();
  void refuse_ended_machines() const;

  const bool inside_;
  const std::chrono::steady_clock::time_point deadline_;
  const std::vector<Descriptor>& machines_;
  Descriptor output_, their_output_;
  Descriptor errors_, their_errors_;
  Descriptor answers_, their_answers_;
  Descriptor process_;  // its end is the end of the check
  std::optional<std::string> answer_;
  wire::CheckReport report_;
};

}  // namespace berth::warden
