// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

constexpr std::uint64_t longest_wait = 60;  // seconds

InstanceId instance_of(http::Exchange& exchange) { return InstanceId(path_parameter(exchange, "instance")); }

}  // namespace

async::Task<> RestDoor::list_instances(http::Exchange& exchange, core::Caller caller) {
  const std::size_t limit = page_limit(exchange);
  auto instances = co_await services_.instances.list(std::move(caller), {.all = query_flag(exchange, "all"),
                                                                         .everyone = query_flag(exchange, "everyone"),
                                                                         .cursor = exchange.query("cursor"),
                                                                         .limit = limit + 1});
  PageForm<InstanceForm> page;
  if (instances.size() > limit) {
    instances.resize(limit);
    page.next_cursor = instances.back().instance.id.text();
  }
  for (const core::ShownInstance& shown : instances) {
    page.items.push_back(form_of(shown));
  }
  co_await exchange.respond(json_response(page));
}

async::Task<> RestDoor::create_instance(http::Exchange& exchange, core::Caller caller) {
  const std::uint64_t wait = query_number(exchange, "wait", 0, longest_wait, 0);
  const auto form = co_await read_form<CreateInstanceRequest>(exchange);
  const auto key = exchange.header("Idempotency-Key");
  if (key && (key->empty() || key->size() > 128)) {
    throw Error(ErrorKind::invalid_argument, "an Idempotency-Key has 1 to 128 characters", "Idempotency-Key");
  }
  core::ShownInstance created =
      co_await services_.instances.create(caller, {.image = form.image,
                                                   .plan = form.plan,
                                                   .name = form.name,
                                                   .lifetime = seconds_of(form.lifetime, "lifetime"),
                                                   .idempotency_key = key.value_or("")});
  if (wait != 0) {
    const InstanceId id = created.instance.id;
    created = co_await services_.instances.wait_until_started(std::move(caller), id,
                                                              Seconds{static_cast<std::int64_t>(wait)});
  }
  http::Response response = json_response(form_of(created), 201);
  response.headers.emplace_back("Location", "/api/v1/instances/" + created.instance.id.text());
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::get_instance(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.instances.find(std::move(caller), instance_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::rename_instance(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<RenameInstanceRequest>(exchange);
  const auto shown = co_await services_.instances.rename(std::move(caller), instance_of(exchange), form.name);
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::destroy_instance(http::Exchange& exchange, core::Caller caller) {
  co_await services_.instances.destroy(std::move(caller), instance_of(exchange));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::act_on_instance(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<InstanceActionRequest>(exchange);
  const InstanceId id = instance_of(exchange);
  core::ShownInstance shown;
  if (form.action == ActionName::extend) {
    shown = co_await services_.instances.extend(std::move(caller), id, seconds_of(form.lifetime, "lifetime"));
  } else {
    if (form.lifetime) {
      described::refuse("lifetime", "belongs to the action extend only");
    }
    const auto action = enum_from_name<core::Action>(enum_name(form.action));
    shown = co_await services_.instances.act(std::move(caller), id, action.value());
  }
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<UsageForm> RestDoor::usage_of(core::Caller caller, InstanceId id) {
  const core::Usage usage = co_await services_.instances.usage(caller, id);
  const core::ShownInstance shown = co_await services_.instances.find(std::move(caller), id);
  co_return form_of(usage, shown.instance.plan.cpu_percent, services_.clock.now());
}

async::Task<> RestDoor::get_usage(http::Exchange& exchange, core::Caller caller) {
  const InstanceId id = instance_of(exchange);
  if (wants_event_stream(exchange)) {
    co_await stream_usage(exchange, std::move(caller), id);
    co_return;
  }
  const UsageForm usage = co_await usage_of(std::move(caller), id);
  co_await exchange.respond(json_response(usage));
}

async::Task<> RestDoor::list_ports(http::Exchange& exchange, core::Caller caller) {
  ListForm<PortForm> list;
  for (const wire::ListeningPort& port : co_await services_.sessions.ports(std::move(caller), instance_of(exchange))) {
    if (port.port != 0 && (port.protocol == "tcp" || port.protocol == "tcp6")) {  // as the agent claims
      list.items.push_back({port.protocol, port.address.substr(0, 64), port.port});
    }
  }
  co_await exchange.respond(json_response(list));
}

}  // namespace berth::doors::rest
