// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/faults.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace berth::runtimes::fake {

void Faults::release(wire::Operation operation) {
  held_.erase(operation);
  changed_.fire();
}

int Faults::calls(wire::Operation operation) const {
  const auto found = calls_.find(operation);
  return found == calls_.end() ? 0 : found->second;
}

async::Task<> Faults::pass(wire::Operation operation) {
  ++calls_[operation];
  auto& failures = failures_[operation];
  if (!failures.empty()) {
    const Error error = failures.front();
    failures.pop_front();
    throw error;
  }
  // A real runtime never answers at once: others get their turn here too.
  co_await boost::asio::post(executor_, boost::asio::use_awaitable);
  while (held_.contains(operation)) {
    co_await changed_.wait();
  }
}

}  // namespace berth::runtimes::fake
