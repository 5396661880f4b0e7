// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "doors/rest/competition_forms.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"

namespace berth::doors::rest {
namespace {

enum class ExportForm { json, csv };
BOOST_DESCRIBE_ENUM(ExportForm, json, csv)

std::string competition_of(http::Exchange& exchange) { return path_parameter(exchange, "competition"); }

}  // namespace

async::Task<> RestDoor::list_competitions(http::Exchange& exchange, core::Caller caller) {
  ListForm<CompetitionSummaryForm> list;
  for (const core::CompetitionPage& page : co_await services_.competitions.list(std::move(caller))) {
    list.items.push_back(summary_of(page));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::get_competition(http::Exchange& exchange, core::Caller caller) {
  const auto page = co_await services_.competitions.find(std::move(caller), competition_of(exchange));
  co_await exchange.respond(json_response(form_of(page)));
}

async::Task<> RestDoor::put_competition(http::Exchange& exchange, core::Caller caller) {
  const std::string text = co_await exchange.read_body(largest_json_body);
  auto definition = read_json<core::CompetitionDefinition>(parse_json(text), Missing::keeps_default);
  const auto page =
      co_await services_.competitions.put(std::move(caller), competition_of(exchange), std::move(definition));
  co_await exchange.respond(json_response(form_of(page)));
}

async::Task<> RestDoor::end_competition(http::Exchange& exchange, core::Caller caller) {
  const auto page = co_await services_.competitions.end(std::move(caller), competition_of(exchange));
  co_await exchange.respond(json_response(form_of(page)));
}

async::Task<> RestDoor::join_competition(http::Exchange& exchange, core::Caller caller) {
  auto form = co_await read_form<JoinForm>(exchange);
  const auto page = co_await services_.competitions.join(
      std::move(caller), competition_of(exchange),
      {.name = form.name.value_or(""), .code = form.code.value_or(""), .region = form.region.value_or("")});
  co_await exchange.respond(json_response(form_of(page), 201));
}

// Whoever looks at a public board is not asked who they are: that would cost the database a look.
async::Task<> RestDoor::get_board(http::Exchange& exchange) {
  const std::string name = competition_of(exchange);
  if (!services_.competitions.is_public(name)) {
    core::require(co_await caller_of(exchange), core::Scope::instances_read);
  }
  const auto board = co_await services_.competitions.board(name);
  RenderedBoard& rendered = boards_[name];
  if (rendered.board != board) {
    std::string body = print_json(to_json(form_of(*board)));
    rendered = {board, body, "\"" + std::to_string(std::hash<std::string>{}(body)) + "\""};
  }
  http::Response response{.status = 200,
                          .content_type = "application/json",
                          .body = {},
                          .headers = {{"ETag", rendered.tag}, {"Cache-Control", "no-cache"}}};
  if (exchange.header("If-None-Match").value_or("").contains(rendered.tag)) {
    response.status = 304;
    response.content_type.clear();
  } else {
    response.body = rendered.body;
  }
  co_await exchange.respond(std::move(response));
}

async::Task<> RestDoor::export_competition(http::Exchange& exchange, core::Caller caller) {
  const ExportForm form = query_enum(exchange, "form", ExportForm::json);
  const std::string name = competition_of(exchange);
  const auto results = co_await services_.competitions.results(std::move(caller), name);
  if (form == ExportForm::csv) {
    co_await exchange.respond({.status = 200,
                               .content_type = "text/csv; charset=utf-8",
                               .body = csv_of(results),
                               .headers = {{"Content-Disposition", "attachment; filename=\"" + name + ".csv\""}}});
    co_return;
  }
  ListForm<ResultForm> list;
  for (const core::Result& result : results) {
    list.items.push_back(form_of(result));
  }
  co_await exchange.respond(json_response(list));
}

}  // namespace berth::doors::rest
