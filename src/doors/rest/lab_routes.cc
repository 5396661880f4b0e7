// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "doors/rest/lab_forms.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

constexpr std::uint64_t longest_wait = 60;                 // seconds
constexpr std::size_t largest_package = 8U * 1024 * 1024;  // as JSON
constexpr std::size_t longest_words = 200;

AttemptId attempt_of(http::Exchange& exchange) { return AttemptId(path_parameter(exchange, "attempt")); }

std::optional<std::uint32_t> version_of(http::Exchange& exchange) {
  const std::uint64_t version = query_number(exchange, "version", 1, std::numeric_limits<std::uint32_t>::max(), 0);
  return version == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(version));
}

Seconds wait_of(http::Exchange& exchange) {
  return Seconds{static_cast<std::int64_t>(query_number(exchange, "wait", 0, longest_wait, 0))};
}

}  // namespace

async::Task<> RestDoor::list_labs(http::Exchange& exchange, core::Caller caller) {
  const std::size_t limit = page_limit(exchange);
  core::LabQuery query{.words = exchange.query("q").value_or("").substr(0, longest_words),
                       .tag = exchange.query("tag"),
                       .difficulty = {},
                       .cursor = exchange.query("cursor"),
                       .limit = limit + 1};
  if (exchange.query("difficulty")) {
    query.difficulty = query_enum(exchange, "difficulty", core::LabDifficulty::easy);
  }
  auto labs = co_await services_.labs.list(std::move(caller), std::move(query));
  PageForm<LabSummaryForm> page;
  if (labs.size() > limit) {
    labs.resize(limit);
    page.next_cursor = labs.back().lab.name;
  }
  for (const core::ShownLab& lab : labs) {
    page.items.push_back(form_of(lab));
  }
  co_await exchange.respond(json_response(page));
}

async::Task<> RestDoor::get_lab(http::Exchange& exchange, core::Caller caller) {
  const auto version = version_of(exchange);
  const auto page = co_await services_.labs.find(std::move(caller), path_parameter(exchange, "lab"), version);
  co_await exchange.respond(json_response(form_of(page)));
}

async::Task<> RestDoor::upload_lab(http::Exchange& exchange, core::Caller caller) {
  core::require(caller, core::Scope::labs_write);
  const std::string text = co_await exchange.read_body(largest_package);
  auto form = read_json<LabPackageForm>(parse_json(text), Missing::keeps_default);
  const auto page = co_await services_.labs.upload(std::move(caller), path_parameter(exchange, "lab"),
                                                   {std::move(form.manifest), std::move(form.files)});
  co_await exchange.respond(json_response(form_of(page), 202));
}

async::Task<> RestDoor::act_on_lab(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<LabActionRequest>(exchange);
  std::string name = path_parameter(exchange, "lab");
  const auto page = form.action == LabActionName::publish
                        ? co_await services_.labs.publish(std::move(caller), std::move(name), form.version)
                        : co_await services_.labs.retire(std::move(caller), std::move(name), form.version);
  co_await exchange.respond(json_response(form_of(page)));
}

async::Task<> RestDoor::start_attempt(http::Exchange& exchange, core::Caller caller) {
  const Seconds wait = wait_of(exchange);
  const auto version = version_of(exchange);
  const auto shown =
      co_await services_.attempts.start(std::move(caller), path_parameter(exchange, "lab"), version, wait);
  http::Response response = json_response(form_of(shown), 201);
  response.headers.emplace_back("Location", "/api/v1/attempts/" + shown.attempt.id.text());
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::list_attempts(http::Exchange& exchange, core::Caller caller) {
  const std::size_t limit = page_limit(exchange);
  auto attempts = co_await services_.attempts.list(std::move(caller), {.lab = exchange.query("lab"),
                                                                       .everyone = query_flag(exchange, "everyone"),
                                                                       .cursor = exchange.query("cursor"),
                                                                       .limit = limit + 1});
  PageForm<AttemptForm> page;
  if (attempts.size() > limit) {
    attempts.resize(limit);
    page.next_cursor = attempts.back().attempt.id.text();
  }
  for (const core::ShownAttempt& attempt : attempts) {
    page.items.push_back(form_of(attempt));
  }
  co_await exchange.respond(json_response(page));
}

async::Task<> RestDoor::get_attempt(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.attempts.find(std::move(caller), attempt_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::end_attempt(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.attempts.end(std::move(caller), attempt_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::stop_attempt(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.attempts.stop(std::move(caller), attempt_of(exchange));
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::resume_attempt(http::Exchange& exchange, core::Caller caller) {
  const Seconds wait = wait_of(exchange);
  const auto shown = co_await services_.attempts.resume(std::move(caller), attempt_of(exchange), wait);
  co_await exchange.respond(json_response(form_of(shown)));
}

async::Task<> RestDoor::check_attempt(http::Exchange& exchange, core::Caller caller) {
  const auto check = co_await services_.attempts.check(std::move(caller), attempt_of(exchange));
  co_await exchange.respond(json_response(form_of(check), 201));
}

async::Task<> RestDoor::list_checks(http::Exchange& exchange, core::Caller caller) {
  ListForm<LabCheckForm> list;
  for (const core::Check& check : co_await services_.attempts.checks(std::move(caller), attempt_of(exchange))) {
    list.items.push_back(form_of(check));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::take_hint(http::Exchange& exchange, core::Caller caller) {
  const auto shown = co_await services_.attempts.take_hint(std::move(caller), attempt_of(exchange));
  co_await exchange.respond(json_response(form_of(shown), 201));
}

}  // namespace berth::doors::rest
