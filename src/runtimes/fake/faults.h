// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <set>

#include "async/task.h"
#include "async/trigger.h"
#include "base/error.h"
#include "wire/warden_protocol.h"

namespace berth::runtimes::fake {

// What a test wants to go wrong. Every operation of a fake passes through here first; a cancelled one does nothing.
class Faults {
 public:
  explicit Faults(const async::Executor& executor) : executor_(executor), changed_(executor) {}

  // The next call of the operation (not one that is held already) throws this. Several queue up.
  void fail_next(wire::Operation operation, Error error) { failures_[operation].push_back(std::move(error)); }
  // Calls of the operation wait until it is released.
  void hold(wire::Operation operation) { held_.insert(operation); }
  void release(wire::Operation operation);
  // How many calls there were, failed and held ones included.
  int calls(wire::Operation operation) const;

  async::Task<> pass(wire::Operation operation);

 private:
  async::Executor executor_;
  async::Trigger changed_;
  std::map<wire::Operation, std::deque<Error>> failures_;
  std::map<wire::Operation, int> calls_;
  std::set<wire::Operation> held_;
};

}  // namespace berth::runtimes::fake
