// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

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

// What the API leaves out is for the configuration alone.
constexpr std::array file_keys = {"tokens_file", "tokens_webhook", "tokens_webhook_secret_file"};

core::NewService read_new_service(boost::json::value json) {
  core::NewService service;
  described::read_object(json, "the body");
  boost::json::object& object = json.as_object();
  if (const boost::json::value* tokens = object.if_contains("tokens")) {
    from_json(*tokens, service.tokens, Missing::is_an_error, "tokens");
    object.erase("tokens");
  }
  from_json(json, service.definition, Missing::keeps_default);
  return service;
}

using Gates = std::vector<core::GateStatus>;

ServiceForm form_of(const core::ShownService& service, const Gates& gates) {
  const auto found = std::ranges::find(gates, service.definition.name, &core::GateStatus::service);
  const core::GateStatus gate = found == gates.end() ? core::GateStatus{} : *found;
  const core::ServiceStatus& status = service.status;
  return {.name = service.definition.name,
          .source = service.source,
          .fault = service.fault.empty() ? std::nullopt : std::optional(service.fault),
          .address = gate.address,
          .port = gate.port,
          .image = ImageName(service.definition.image),
          .plan = service.definition.plan,
          .mode = service.definition.mode,
          .instances = status.instances,
          .max_instances = service.definition.max_instances,
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

ServiceDetailForm detail_of(const core::ShownService& service, const Gates& gates) {
  ServiceDetailForm detail{.status = form_of(service, gates), .definition = to_json(service.definition)};
  for (const char* key : file_keys) {
    detail.definition.as_object().erase(key);
  }
  return detail;
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
  const Gates gates = services_.gates();
  for (const core::ShownService& service : services_.offers.list(caller)) {
    list.items.push_back(form_of(service, gates));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::create_service(http::Exchange& exchange, core::Caller caller) {
  core::require(caller, core::Scope::accounts_write);
  core::NewService service = read_new_service(parse_json(co_await exchange.read_body(largest_json_body)));
  const core::ShownService made = co_await services_.offers.create(std::move(caller), std::move(service));
  http::Response response = json_response(detail_of(made, services_.gates()), 201);
  response.headers.emplace_back("Location", "/api/v1/services/" + made.definition.name);
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::get_service(http::Exchange& exchange, core::Caller caller) {
  const core::ShownService service = services_.offers.find(caller, path_parameter(exchange, "service"));
  co_await exchange.respond(json_response(detail_of(service, services_.gates())));
}

async::Task<> RestDoor::remove_service(http::Exchange& exchange, core::Caller caller) {
  co_await services_.offers.remove(std::move(caller), path_parameter(exchange, "service"));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::reset_service(http::Exchange& exchange, core::Caller caller) {
  co_await services_.offered.reset_all(std::move(caller), path_parameter(exchange, "service"));
  co_await exchange.respond(no_content());
}

}  // namespace berth::doors::rest
