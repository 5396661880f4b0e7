// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tcp_door.h"

#include <utility>

#include "async/always.h"
#include "async/trigger.h"
#include "doors/tcp/listener.h"
#include "doors/tcp/tls_front.h"

namespace berth::doors::tcp {
namespace {

constexpr Seconds stop_limit{10};

}  // namespace

TcpDoor::TcpDoor(async::Executor executor, core::Services& services, relay::Relay& relay, const Clock& clock, Log log)
    : executor_(executor),
      services_(services),
      relay_(relay),
      clock_(clock),
      log_(std::move(log)),
      tasks_(std::move(executor), log_) {}

TcpDoor::~TcpDoor() = default;

void TcpDoor::listen_by_name(TlsSettings settings) {
  tls_ = std::make_unique<TlsFront>(
      executor_, std::move(settings), [this](TlsArrival arrival) { welcome(std::move(arrival)); }, log_);
  tls_->listen();
  log_("TLS on port " + std::to_string(tls_->port()));
}

void TcpDoor::welcome(TlsArrival arrival) {
  const auto service = named_.find(arrival.name);
  if (service != named_.end()) {
    listeners_.at(service->second)->welcome(std::move(arrival.connection), arrival.address);
  }
}

std::string TcpDoor::fault_of_name(const std::string& name) const {
  if (!tls_) {
    return "[tls] has no listen";
  }
  if (const auto owner = named_.find(name); owner != named_.end()) {
    return "service '" + owner->second + "' has it already";
  }
  return tls_->covers(name) ? "" : "no [[tls.certificate]] is for it";
}

std::uint16_t TcpDoor::open(Offer offer) {
  const std::string service = offer.service.name;
  const std::vector<std::string> names = offer.tls_names;
  // Shared, see SharedListener.
  const auto listener = std::make_shared<Listener>(executor_, services_, relay_, clock_, std::move(offer), log_);
  listener->listen();
  listeners_[service] = listener;
  for (const std::string& name : names) {
    named_[name] = service;
    tls_->add(name);
  }
  return listener->status().port;
}

void TcpDoor::start(const std::string& service) { tasks_.spawn(serve_one(listeners_.at(service))); }

async::Task<> TcpDoor::serve_one(SharedListener listener) { co_await listener->serve(); }

void TcpDoor::close(const std::string& service) {
  const auto found = listeners_.find(service);
  if (found != listeners_.end()) {
    found->second->end();
    listeners_.erase(found);
    std::erase_if(named_, [&](const auto& entry) { return entry.second == service; });
  }
}

async::Task<> TcpDoor::serve() {
  for (const auto& [service, listener] : listeners_) {
    start(service);
  }
  if (tls_) {
    tls_->start();
  }
  co_await async::always(async::Trigger(executor_).wait(), stop());
}

async::Task<> TcpDoor::stop() {
  co_await tasks_.stop(stop_limit);
  if (tls_) {
    tls_->stop();
  }
}

std::vector<core::GateStatus> TcpDoor::statuses() const {
  std::vector<core::GateStatus> list;
  for (const auto& [service, listener] : listeners_) {
    list.push_back(listener->status());
  }
  return list;
}

}  // namespace berth::doors::tcp
