// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tcp_door.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "doors/tcp/listener.h"

namespace berth::doors::tcp {
namespace {

constexpr Seconds stop_limit{10};

}  // namespace

TcpDoor::TcpDoor(async::Executor executor, core::Services& services, relay::Relay& relay, const Clock& clock,
                 std::vector<Offer> offers, const Log& log)
    : tasks_(executor, log) {
  for (Offer& offer : offers) {
    listeners_.push_back(std::make_unique<Listener>(executor, services, relay, clock, std::move(offer), log));
  }
}

TcpDoor::~TcpDoor() = default;

void TcpDoor::listen() {
  for (const auto& listener : listeners_) {
    listener->listen();
  }
}

async::Task<> TcpDoor::serve() {
  for (const auto& listener : listeners_) {
    tasks_.spawn(listener->serve());
  }
  std::exception_ptr ended;
  try {
    co_await tasks_.join();
  } catch (...) {
    ended = std::current_exception();
  }
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await tasks_.stop(stop_limit);
  if (ended) {
    std::rethrow_exception(ended);
  }
}

std::vector<core::GateStatus> TcpDoor::statuses() const {
  std::vector<core::GateStatus> list;
  for (const auto& listener : listeners_) {
    list.push_back(listener->status());
  }
  return list;
}

}  // namespace berth::doors::tcp
