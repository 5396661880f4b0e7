// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <utility>

#include "async/trigger.h"
#include "relay/connection.h"
#include "relay/loop.h"

namespace berth::relay {
namespace {

// Of all loops: half of the pipe memory that a user without privileges has by default.
constexpr std::size_t most_pipes = 32;

// Where the end of a connection arrives on the event thread. Shared by the task and the message that is on its way.
struct Outcome {
  explicit Outcome(async::Executor event_thread) : executor(std::move(event_thread)), arrived(executor) {}

  async::Executor executor;
  async::Trigger arrived;
  std::optional<Report> report;
};

// Takes the outcome along: its last owner must be the event thread, whose loop may be gone when this thread is ready.
void announce(std::shared_ptr<Outcome> outcome, Report report) {
  const async::Executor executor = outcome->executor;
  boost::asio::post(executor, [outcome = std::move(outcome), report] {
    outcome->report = report;
    outcome->arrived.fire();
  });
}

}  // namespace

Relay::Relay(Settings settings) {
  const std::size_t threads = std::max<std::size_t>(settings.threads, 1);
  while (loops_.size() < threads) {
    loops_.push_back(std::make_shared<Loop>(std::clamp<std::size_t>(most_pipes / threads, 2, 16)));
  }
}

Relay::~Relay() {
  for (const auto& loop : loops_) {
    loop->stop();
  }
}

const std::shared_ptr<Loop>& Relay::least_busy() const {
  return *std::ranges::min_element(loops_, {}, [](const auto& loop) { return loop->active(); });
}

// After its first wait it must not touch the Relay, which may be gone.
async::Task<Report> Relay::run(Ends ends, Limits limits, std::shared_ptr<Activity> activity) {
  namespace this_coro = boost::asio::this_coro;
  if ((co_await this_coro::cancellation_state).cancelled() != boost::asio::cancellation_type::none) {
    co_return Report{};
  }
  const std::shared_ptr<Loop> loop = least_busy();
  const auto outcome = std::make_shared<Outcome>(co_await this_coro::executor);
  auto ended = [announced = outcome](Report report) mutable { announce(std::move(announced), report); };
  const std::uint64_t number =
      loop->add(std::make_unique<Connection>(std::move(ends), limits, std::move(activity), std::move(ended)));
  const bool throws = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);  // the end has to be waited for even then
  while (!outcome->report) {
    try {
      co_await outcome->arrived.wait();
    } catch (const boost::system::system_error&) {
      loop->cancel(number);
    }
  }
  co_await this_coro::throw_if_cancelled(throws);
  co_return *outcome->report;
}

std::size_t Relay::active() const {
  std::size_t sum = 0;
  for (const auto& loop : loops_) {
    sum += loop->active();
  }
  return sum;
}

std::uint64_t Relay::bytes_spliced() const {
  std::uint64_t sum = 0;
  for (const auto& loop : loops_) {
    sum += loop->bytes_spliced();
  }
  return sum;
}

}  // namespace berth::relay
