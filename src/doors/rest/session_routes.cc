// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/session_end.h"
#include "doors/rest/problem.h"
#include "doors/rest/request.h"
#include "doors/rest/rest_door.h"
#include "doors/rest/session_socket.h"

namespace berth::doors::rest {
namespace {

constexpr std::uint32_t default_time_limit = 3600;
constexpr std::uint32_t longest_time_limit = 86'400;
constexpr std::size_t largest_socket_message = 256U << 10;

InstanceId instance_of(http::Exchange& exchange) { return InstanceId(path_parameter(exchange, "instance")); }

std::string base64(const std::string& bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  return text;
}

void check_command(const std::vector<std::string>& command) {
  if (command.empty() || command.size() > 256) {
    described::refuse("command", "has 1 to 256 parts");
  }
}

std::string exit_line(const wire::SessionExit& exit) {
  return print_json(boost::json::object{
             {"exit", boost::json::object{{"code", to_json(exit.code)}, {"signal", to_json(exit.signal)}}}}) +
         "\n";
}

async::Task<> stream_output(http::Exchange& exchange, core::SessionView& view) {
  for (;;) {
    core::SessionItem item = co_await view.next();
    if (const auto* output = std::get_if<core::SessionOutput>(&item)) {
      const char* name = output->stream == wire::Stream::standard_error ? "stderr" : "stdout";
      co_await exchange.write("{\"" + std::string(name) + "\":\"" + base64(output->bytes) + "\"}\n");
      view.acknowledge(output->offset + output->bytes.size());
    } else if (const auto* exit = std::get_if<wire::SessionExit>(&item)) {
      co_await exchange.write(exit_line(*exit));
      co_return;
    }
  }
}

async::Task<> feed(core::SessionView& view, std::string input) {
  co_await view.input(std::move(input));
  view.end_input();
}

// Everything after the head: faults become the last line, for there is no status left to give.
async::Task<> run_to_end(http::Exchange& exchange, core::SessionView& view, std::string input, Milliseconds limit) {
  std::optional<Error> fault;
  try {
    const bool ended = co_await async::finishes_within(
        async::both(stream_output(exchange, view), feed(view, std::move(input))), limit);
    if (!ended) {
      fault = Error(ErrorKind::timed_out, "the command did not end within its time limit and was ended");
    }
  } catch (const Error& error) {
    fault = error;
  }
  if (fault) {
    co_await exchange.write("{\"error\":" + problem_text(*fault) + "}\n");
  }
  co_await exchange.finish();
}

}  // namespace

async::Task<> RestDoor::exec_command(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<ExecRequest>(exchange);
  check_command(form.command);
  const Seconds limit =
      seconds_of(form.time_limit, "time_limit", 1, longest_time_limit).value_or(Seconds{default_time_limit});
  const InstanceId id = instance_of(exchange);
  const auto view =
      co_await services_.sessions.run(std::move(caller), id,
                                      {.kind = wire::SessionKind::command,
                                       .command = form.command,
                                       .environment = form.environment.value_or(std::map<std::string, std::string>{}),
                                       .directory = form.directory.value_or(""),
                                       .user = form.user.value_or("")});
  const core::SessionEnd ends_with_this(*view);
  co_await exchange.start({.status = 200, .content_type = "application/x-ndjson", .body = {}, .headers = {}});
  co_await async::race(run_to_end(exchange, *view, form.input.value_or(""), limit), exchange.disconnected());
}

async::Task<> RestDoor::list_sessions(http::Exchange& exchange, core::Caller caller) {
  ListForm<SessionForm> list;
  for (const core::SessionSummary& session :
       co_await services_.sessions.list(std::move(caller), instance_of(exchange))) {
    list.items.push_back(form_of(session));
  }
  co_await exchange.respond(json_response(list));
}

async::Task<> RestDoor::open_session(http::Exchange& exchange, core::Caller caller) {
  const auto form = co_await read_form<OpenSessionRequest>(exchange);
  wire::OpenSession request;
  request.kind = form.kind.value_or(OpenKind::terminal) == OpenKind::terminal ? wire::SessionKind::terminal
                                                                              : wire::SessionKind::command;
  request.command = form.command.value_or(std::vector<std::string>{});
  if (request.kind == wire::SessionKind::command || form.command) {
    check_command(request.command);
  }
  request.environment = form.environment.value_or(std::map<std::string, std::string>{});
  request.directory = form.directory.value_or("");
  request.user = form.user.value_or("");
  request.size = {form.columns.value_or(80), form.rows.value_or(24)};
  check_window(request.size);
  const std::uint32_t session = co_await services_.sessions.open(std::move(caller), instance_of(exchange), request);
  co_await exchange.respond(json_response(
      form_of(core::SessionSummary{
          .session = session, .kind = request.kind, .command = request.command, .exit = {}, .viewers = 0}),
      201));
}

async::Task<> RestDoor::close_session(http::Exchange& exchange, core::Caller caller) {
  co_await services_.sessions.close(std::move(caller), instance_of(exchange),
                                    session_number(path_parameter(exchange, "session")));
  co_await exchange.respond(no_content());
}

async::Task<> RestDoor::attach_session(http::Exchange& exchange, core::Caller caller) {
  if (!exchange.is_websocket_upgrade()) {
    throw Error(ErrorKind::invalid_argument, "this is a WebSocket; send an upgrade with the subprotocol berth.v1");
  }
  const std::uint64_t offset = query_number(exchange, "offset", 0, std::uint64_t{1} << 62, 0);
  const std::uint32_t session = session_number(path_parameter(exchange, "session"));
  const auto role = query_enum<core::ViewerRole>(exchange, "role", core::ViewerRole::interact);
  const InstanceId id = instance_of(exchange);
  const auto view = co_await services_.sessions.attach(caller, id, session, offset, role);
  const auto socket = co_await exchange.accept_websocket("berth.v1", largest_socket_message);
  co_await serve_session(*socket, *view, offset, [&](core::ViewerRole wanted) {
    return services_.sessions.take_role(caller, id, *view, wanted);
  });
}

}  // namespace berth::doors::rest
