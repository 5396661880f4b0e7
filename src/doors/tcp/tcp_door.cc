// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tcp_door.h"

#include <map>
#include <set>
#include <utility>

#include "async/always.h"
#include "doors/tcp/listener.h"
#include "doors/tcp/tls_front.h"

namespace berth::doors::tcp {
namespace {

constexpr Seconds stop_limit{10};

}  // namespace

TcpDoor::TcpDoor(async::Executor executor, core::Services& services, relay::Relay& relay, const Clock& clock,
                 std::vector<Offer> offers, const Log& log)
    : executor_(executor), log_(log), tasks_(executor, log) {
  for (Offer& offer : offers) {
    listeners_.push_back(std::make_unique<Listener>(executor, services, relay, clock, std::move(offer), log));
  }
}

TcpDoor::~TcpDoor() = default;

void TcpDoor::offer_by_name(TlsSettings settings) {
  std::map<std::string, Listener*> named;
  std::set<std::string> names;
  for (const auto& listener : listeners_) {
    for (const std::string& name : listener->tls_names()) {
      named.emplace(name, listener.get());
      names.insert(name);
    }
  }
  const auto welcome = [named = std::move(named)](TlsArrival arrival) {
    named.at(arrival.name)->welcome(std::move(arrival.connection), arrival.address);
  };
  tls_ = std::make_unique<TlsFront>(executor_, std::move(settings), names, welcome, log_);
}

void TcpDoor::listen() {
  for (const auto& listener : listeners_) {
    listener->listen();
  }
  if (tls_) {
    tls_->listen();
    log_("TLS on port " + std::to_string(tls_->port()));
  }
}

async::Task<> TcpDoor::serve() {
  for (const auto& listener : listeners_) {
    tasks_.spawn(listener->serve());
  }
  if (tls_) {
    tls_->start();
  }
  co_await async::always(tasks_.join(), stop());
}

async::Task<> TcpDoor::stop() {
  co_await tasks_.stop(stop_limit);
  if (tls_) {
    tls_->stop();
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
