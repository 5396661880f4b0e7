// SPDX-License-Identifier: Apache-2.0
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>

#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

using Labels = std::map<std::string, std::string>;

void add_pool_metrics(prometheus::Registry& registry, const std::vector<core::PoolStatus>& pools) {
  auto& ready =
      prometheus::BuildGauge().Name("berth_pool_ready").Help("Instances ready to be leased").Register(registry);
  auto& wanted =
      prometheus::BuildGauge().Name("berth_pool_wanted").Help("Ready ones that demand asks for").Register(registry);
  auto& leased =
      prometheus::BuildGauge().Name("berth_pool_leased_total").Help("Leases of ready instances").Register(registry);
  auto& missed =
      prometheus::BuildGauge().Name("berth_pool_missed_total").Help("Leases that found none ready").Register(registry);
  auto& failures = prometheus::BuildGauge()
                       .Name("berth_pool_failures_total")
                       .Help("Instances that could not be made")
                       .Register(registry);
  for (const core::PoolStatus& pool : pools) {
    const Labels labels{{"image", pool.settings.image.text()},
                        {"plan", pool.settings.plan.name},
                        {"port", std::to_string(pool.settings.launch.port)}};
    ready.Add(labels).Set(static_cast<double>(pool.ready));
    wanted.Add(labels).Set(static_cast<double>(pool.wanted));
    leased.Add(labels).Set(static_cast<double>(pool.leased));
    missed.Add(labels).Set(static_cast<double>(pool.missed));
    failures.Add(labels).Set(static_cast<double>(pool.failures));
  }
}

void add_gate_metrics(prometheus::Registry& registry, const std::vector<core::GateStatus>& gates) {
  auto& counted = prometheus::BuildGauge()
                      .Name("berth_service_connections_total")
                      .Help("Connections to services, by what became of them at the gate")
                      .Register(registry);
  for (const core::GateStatus& gate : gates) {
    const auto count = [&](const char* result, std::uint64_t number) {
      counted.Add({{"service", gate.service}, {"result", result}}).Set(static_cast<double>(number));
    };
    count("passed", gate.counts.passed);
    count("denied", gate.counts.denied);
    count("too_many", gate.counts.too_many);
    count("wrong_token", gate.counts.wrong_tokens);
    count("wrong_proof", gate.counts.wrong_proofs);
  }
}

}  // namespace

async::Task<> RestDoor::get_health(http::Exchange& exchange) {
  HealthForm health{.ok = true, .version = BERTH_VERSION, .checks = co_await services_.health()};
  health.ok = std::ranges::all_of(health.checks, &CheckForm::ok);
  co_await exchange.respond(json_response(health, health.ok ? 200 : 503));
}

async::Task<> RestDoor::get_metrics(http::Exchange& exchange) {
  if (!exchange.peer().loopback) {
    core::require(co_await caller_of(exchange), core::Scope::accounts_write);
  }
  prometheus::Registry registry;
  auto& instances =
      prometheus::BuildGauge().Name("berth_instances").Help("Instances that are not gone, by state").Register(registry);
  auto& totals = prometheus::BuildGauge().Name("berth_events_total").Help("Events so far").Register(registry);
  auto& links =
      prometheus::BuildGauge().Name("berth_agent_links").Help("Open connections to agents").Register(registry);
  auto& images = prometheus::BuildGauge().Name("berth_images").Help("Images by state").Register(registry);
  links.Add({}).Set(static_cast<double>(services_.links.size()));
  add_pool_metrics(registry, services_.pools.statuses());
  add_gate_metrics(registry, services_.gates());
  co_await services_.journal.transact([&](core::Transaction& transaction) {
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<core::InstanceState>>([&](auto state) {
      if (state.value != core::InstanceState::gone) {
        instances.Add({{"state", state.name}}).Set(static_cast<double>(transaction.count_instances({}, {state.value})));
      }
    });
    totals.Add({}).Set(static_cast<double>(transaction.last_event_sequence()));
    const auto all = transaction.list_images();
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<core::ImageState>>([&](auto state) {
      images.Add({{"state", state.name}})
          .Set(static_cast<double>(std::ranges::count(all, state.value, &core::Image::state)));
    });
  });
  co_await exchange.respond({.status = 200,
                             .content_type = "text/plain; version=0.0.4",
                             .body = prometheus::TextSerializer().Serialize(registry.Collect()),
                             .headers = {}});
}

async::Task<> RestDoor::get_contract(http::Exchange& exchange) {
  co_await exchange.respond({.status = 200,
                             .content_type = "application/json",
                             .body = settings_.contract,
                             .headers = {{"Cache-Control", "no-cache"}}});
}

}  // namespace berth::doors::rest
