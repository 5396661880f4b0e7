// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/rest_door.h"

#include <algorithm>

#include "doors/rest/request.h"

namespace berth::doors::rest {

RestDoor::RestDoor(Services services, Settings settings)
    : services_(std::move(services)), settings_(std::move(settings)) {}

void RestDoor::add(http::Router& router, http::Method method, std::string_view pattern, Route route,
                   std::vector<std::string> queries) {
  router.add(method, "/api/v1" + std::string(pattern),
             [this, route, queries = std::move(queries)](http::Exchange& exchange) {
               return serve(exchange, route, queries);
             });
}

void RestDoor::add_routes(http::Router& router) {
  using http::Method;
  const auto add_open = [&](Method method, std::string_view pattern,
                            async::Task<> (RestDoor::*route)(http::Exchange&)) {
    router.add(method, pattern, [this, route](http::Exchange& exchange) { return (this->*route)(exchange); });
  };
  for (const char* prefix : {"", "/api/v1"}) {
    add_open(Method::get, std::string(prefix) + "/healthz", &RestDoor::get_health);
    add_open(Method::get, std::string(prefix) + "/metrics", &RestDoor::get_metrics);
  }
  add_open(Method::get, "/api/v1/openapi.json", &RestDoor::get_contract);
  add_open(Method::post, "/api/v1/login", &RestDoor::login);
  add_open(Method::post, "/api/v1/guests", &RestDoor::create_guest);
  add_open(Method::post, "/api/v1/invitation-links/look", &RestDoor::look_at_invitation);
  add_open(Method::post, "/api/v1/invitation-links/open", &RestDoor::open_invitation);
  add_open(Method::get, "/api/v1/recordings/{recording}", &RestDoor::get_recording);
  add_open(Method::get, "/api/v1/recordings/{recording}/cast", &RestDoor::get_cast);
  add_open(Method::get, "/api/v1/competitions/{competition}/board", &RestDoor::get_board);
  add_open(Method::get, "/api/v1/shared-recordings/{secret}", &RestDoor::get_shared_recording);
  add_open(Method::get, "/api/v1/shared-recordings/{secret}/cast", &RestDoor::get_shared_cast);

  add(router, Method::post, "/logout", &RestDoor::logout);
  add(router, Method::get, "/account", &RestDoor::get_account);
  add(router, Method::get, "/accounts", &RestDoor::list_accounts, {"cursor", "limit"});
  add(router, Method::post, "/accounts", &RestDoor::create_account);
  add(router, Method::post, "/accounts/{account}/login-links", &RestDoor::create_login_link);
  add(router, Method::get, "/tokens", &RestDoor::list_tokens, {"cursor", "limit"});
  add(router, Method::post, "/tokens", &RestDoor::create_token);
  add(router, Method::remove, "/tokens/{token}", &RestDoor::remove_token);
  add(router, Method::get, "/ssh", &RestDoor::get_ssh);
  add(router, Method::get, "/ssh-keys", &RestDoor::list_ssh_keys, {"cursor", "limit"});
  add(router, Method::post, "/ssh-keys", &RestDoor::add_ssh_key);
  add(router, Method::remove, "/ssh-keys/{key}", &RestDoor::remove_ssh_key);
  add(router, Method::get, "/plans", &RestDoor::list_plans);
  add(router, Method::get, "/pools", &RestDoor::list_pools);
  add(router, Method::get, "/services", &RestDoor::list_services);
  add(router, Method::post, "/services", &RestDoor::create_service);
  add(router, Method::get, "/services/{service}", &RestDoor::get_service);
  add(router, Method::remove, "/services/{service}", &RestDoor::remove_service);
  add(router, Method::post, "/services/{service}/reset", &RestDoor::reset_service);
  add(router, Method::get, "/images", &RestDoor::list_images);
  add(router, Method::post, "/images", &RestDoor::pull_image);
  add(router, Method::get, "/images/{image}", &RestDoor::get_image);
  add(router, Method::put, "/images/{image}", &RestDoor::import_image, {"form"});
  add(router, Method::remove, "/images/{image}", &RestDoor::remove_image);
  add(router, Method::get, "/instances", &RestDoor::list_instances, {"cursor", "limit", "all", "everyone"});
  add(router, Method::post, "/instances", &RestDoor::create_instance, {"wait"});
  add(router, Method::get, "/instances/{instance}", &RestDoor::get_instance);
  add(router, Method::patch, "/instances/{instance}", &RestDoor::rename_instance);
  add(router, Method::remove, "/instances/{instance}", &RestDoor::destroy_instance);
  add(router, Method::post, "/instances/{instance}/actions", &RestDoor::act_on_instance);
  add(router, Method::get, "/instances/{instance}/usage", &RestDoor::get_usage);
  add(router, Method::get, "/instances/{instance}/ports", &RestDoor::list_ports);
  add(router, Method::get, "/instances/{instance}/export", &RestDoor::export_instance);
  add(router, Method::get, "/instances/{instance}/files", &RestDoor::read_files, {"path", "form"});
  add(router, Method::put, "/instances/{instance}/files", &RestDoor::write_files, {"path", "form"});
  add(router, Method::post, "/instances/{instance}/exec", &RestDoor::exec_command);
  add(router, Method::get, "/instances/{instance}/sessions", &RestDoor::list_sessions);
  add(router, Method::post, "/instances/{instance}/sessions", &RestDoor::open_session);
  add(router, Method::remove, "/instances/{instance}/sessions/{session}", &RestDoor::close_session);
  add(router, Method::get, "/labs", &RestDoor::list_labs, {"q", "tag", "difficulty", "cursor", "limit"});
  add(router, Method::get, "/labs/{lab}", &RestDoor::get_lab, {"version"});
  add(router, Method::put, "/labs/{lab}", &RestDoor::upload_lab);
  add(router, Method::post, "/labs/{lab}/actions", &RestDoor::act_on_lab);
  add(router, Method::post, "/labs/{lab}/attempts", &RestDoor::start_attempt, {"version", "wait"});
  add(router, Method::get, "/attempts", &RestDoor::list_attempts, {"lab", "everyone", "cursor", "limit"});
  add(router, Method::get, "/attempts/{attempt}", &RestDoor::get_attempt);
  add(router, Method::remove, "/attempts/{attempt}", &RestDoor::end_attempt);
  add(router, Method::post, "/attempts/{attempt}/stop", &RestDoor::stop_attempt);
  add(router, Method::post, "/attempts/{attempt}/resume", &RestDoor::resume_attempt, {"wait"});
  add(router, Method::get, "/attempts/{attempt}/checks", &RestDoor::list_checks);
  add(router, Method::post, "/attempts/{attempt}/checks", &RestDoor::check_attempt);
  add(router, Method::post, "/attempts/{attempt}/hints", &RestDoor::take_hint);
  add(router, Method::get, "/invitations", &RestDoor::list_invitations, {"cursor", "limit"});
  add(router, Method::post, "/invitations", &RestDoor::create_invitation);
  add(router, Method::get, "/invitations/{invitation}", &RestDoor::get_invitation);
  add(router, Method::remove, "/invitations/{invitation}", &RestDoor::revoke_invitation);
  add(router, Method::get, "/webhooks", &RestDoor::list_webhooks);
  add(router, Method::post, "/webhooks", &RestDoor::create_webhook);
  add(router, Method::get, "/webhooks/{webhook}", &RestDoor::get_webhook);
  add(router, Method::patch, "/webhooks/{webhook}", &RestDoor::change_webhook);
  add(router, Method::remove, "/webhooks/{webhook}", &RestDoor::remove_webhook);
  add(router, Method::post, "/webhooks/{webhook}/test", &RestDoor::test_webhook);
  add(router, Method::post, "/webhooks/{webhook}/rotate", &RestDoor::rotate_webhook);
  add(router, Method::get, "/instances/{instance}/sessions/{session}/stream", &RestDoor::attach_session,
      {"offset", "role"});
  add(router, Method::get, "/competitions", &RestDoor::list_competitions);
  add(router, Method::get, "/competitions/{competition}", &RestDoor::get_competition);
  add(router, Method::put, "/competitions/{competition}", &RestDoor::put_competition);
  add(router, Method::post, "/competitions/{competition}/end", &RestDoor::end_competition);
  add(router, Method::post, "/competitions/{competition}/join", &RestDoor::join_competition);
  add(router, Method::get, "/competitions/{competition}/export", &RestDoor::export_competition, {"form"});
  add(router, Method::get, "/recordings", &RestDoor::list_recordings, {"cursor", "limit", "q", "instance", "everyone"});
  add(router, Method::remove, "/recordings/{recording}", &RestDoor::remove_recording);
  add(router, Method::post, "/recordings/{recording}/share", &RestDoor::share_recording);
  add(router, Method::remove, "/recordings/{recording}/share", &RestDoor::unshare_recording);
  add(router, Method::get, "/events", &RestDoor::list_events, {"after", "limit", "instance"});
}

async::Task<> RestDoor::serve(http::Exchange& exchange, Route route, const std::vector<std::string>& queries) {
  core::Caller caller = co_await caller_of(exchange);
  for (const auto& [name, value] : exchange.queries()) {
    if (std::ranges::find(queries, name) == queries.end()) {
      described::refuse(name.substr(0, 64), "is not a parameter of this request");
    }
  }
  co_await (this->*route)(exchange, std::move(caller));
}

async::Task<core::Recordings::Visitor> RestDoor::visitor_of(http::Exchange& exchange) {
  if (!exchange.header("Authorization") && !exchange.cookie("berth")) {
    co_return std::nullopt;
  }
  try {
    co_return co_await caller_of(exchange);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unauthenticated || exchange.header("Authorization")) {
      throw;
    }
  }
  co_return std::nullopt;  // a cookie that is no good any more
}

async::Task<core::Caller> RestDoor::caller_of(http::Exchange& exchange) {
  const auto authorization = exchange.header("Authorization");
  if (authorization) {
    if (!authorization->starts_with("Bearer ")) {
      throw Error(ErrorKind::unauthenticated, "send your API token as 'Authorization: Bearer berth_…'");
    }
    co_return co_await services_.accounts.authenticate(Secret(authorization->substr(7)));
  }
  const auto cookie = exchange.cookie("berth");
  if (!cookie) {
    throw Error(ErrorKind::unauthenticated, "sign in first, or send an API token");
  }
  // A browser sends the cookie whoever asked it to; a change must come from our own page.
  const bool changes = exchange.method() != http::Method::get && exchange.method() != http::Method::head;
  if (changes || exchange.is_websocket_upgrade()) {
    require_same_origin(exchange);
  }
  co_return co_await services_.accounts.authenticate(Secret(*cookie));
}

}  // namespace berth::doors::rest
