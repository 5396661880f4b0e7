// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

PoolForm form_of(const core::PoolStatus& pool) {
  return {.image = pool.settings.image,
          .plan = pool.settings.plan.name,
          .command = pool.settings.launch.command,
          .port = pool.settings.launch.port,
          .ready = pool.ready,
          .making = pool.making,
          .wanted = pool.wanted,
          .least = pool.settings.least,
          .most = pool.settings.most,
          .leased = pool.leased,
          .missed = pool.missed,
          .failures = pool.failures,
          .last_failure = pool.last_failure.empty() ? std::nullopt : std::optional<std::string>(pool.last_failure)};
}

ServiceForm form_of(const core::ServiceStatus& status, const core::GateStatus& gate) {
  return {.name = status.service.name,
          .address = gate.address,
          .port = gate.port,
          .image = ImageName(status.service.image),
          .plan = status.service.plan,
          .mode = status.service.mode,
          .instances = status.instances,
          .max_instances = status.service.max_instances,
          .connections = status.connections,
          .waiting = status.waiting,
          .visits = status.visits,
          .evicted = status.evicted,
          .failed = status.failed,
          .denied = gate.counts.denied,
          .too_many = gate.counts.too_many,
          .wrong_tokens = gate.counts.wrong_tokens,
          .wrong_proofs = gate.counts.wrong_proofs};
}

}  // namespace

async::Task<> RestDoor::list_pools(http::Exchange& exchange, core::Caller caller) {
  core::require(caller, core::Scope::accounts_write);
  ListForm<PoolForm> list;
  for (const core::PoolStatus& pool : services_.pools.statuses()) {
    list.items.push_back(form_of(pool));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::list_services(http::Exchange& exchange, core::Caller caller) {
  ListForm<ServiceForm> list;
  const std::vector<core::GateStatus> gates = services_.gates();
  for (const core::ServiceStatus& status : services_.offered.list(caller)) {
    const auto gate = std::ranges::find(gates, status.service.name, &core::GateStatus::service);
    list.items.push_back(form_of(status, gate == gates.end() ? core::GateStatus{} : *gate));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::reset_service(http::Exchange& exchange, core::Caller caller) {
  co_await services_.offered.reset_all(std::move(caller), path_parameter(exchange, "service"));
  co_await exchange.respond({.status = 204, .content_type = {}, .body = {}, .headers = {}});
}

}  // namespace berth::doors::rest
