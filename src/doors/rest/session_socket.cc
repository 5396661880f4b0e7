// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/session_socket.h"

#include <boost/describe/class.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "async/race.h"
#include "base/described.h"

namespace berth::doors::rest {
namespace {

constexpr int normal_closure = 1000;
constexpr int policy_violation = 1008;
constexpr int try_again_later = 1013;

enum class ControlType { ack, resize, signal, end, role };
BOOST_DESCRIBE_ENUM(ControlType, ack, resize, signal, end, role)

struct Control {
  ControlType type = ControlType::ack;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint16_t> columns;
  std::optional<std::uint16_t> rows;
  std::optional<int> number;
  std::optional<core::ViewerRole> role;
};
BOOST_DESCRIBE_STRUCT(Control, (), (type, offset, columns, rows, number, role))

struct ViewerForm {
  std::string name;
  core::ViewerRole role = core::ViewerRole::interact;
  bool self = false;
};
BOOST_DESCRIBE_STRUCT(ViewerForm, (), (name, role, self))

struct ViewersForm {
  std::string type = "viewers";
  bool may_write = true;
  std::vector<ViewerForm> viewers;
};
BOOST_DESCRIBE_STRUCT(ViewersForm, (), (type, may_write, viewers))

template <class Value>
Value needed(const std::optional<Value>& value, const char* field) {
  if (!value) {
    described::refuse(field, "is missing");
  }
  return *value;
}

std::string attached(std::uint64_t offset, std::uint64_t input) {
  return print_json(boost::json::object{{"type", "attached"}, {"offset", offset}, {"input", input}});
}

std::string viewers_of(const core::SessionView& view) {
  ViewersForm form{.may_write = view.may_write(), .viewers = {}};
  for (const core::Viewer& viewer : view.viewers()) {
    form.viewers.push_back({viewer.name, viewer.role, viewer.self});
  }
  return print_json(to_json(form));
}

async::Task<> obey(const std::string& text, core::SessionView& view, const TakeRole& take_role) {
  const auto control = read_json<Control>(parse_json(text));
  switch (control.type) {
    case ControlType::ack:
      view.acknowledge(needed(control.offset, "offset"));
      break;
    case ControlType::resize: {
      const wire::WindowSize size{needed(control.columns, "columns"), needed(control.rows, "rows")};
      check_window(size);
      view.resize(size);
      break;
    }
    case ControlType::signal:
      view.signal(needed(control.number, "number"));
      break;
    case ControlType::end:
      view.end_input();
      break;
    case ControlType::role:
      co_await take_role(needed(control.role, "role"));
      break;
  }
}

async::Task<> send_output(http::WebSocket& socket, core::SessionView& view, std::uint64_t& position,
                          const core::SessionOutput& output) {
  if (output.offset != position) {  // bytes between are no longer kept
    co_await socket.send(false, attached(output.offset, view.input_taken()));
  }
  co_await socket.send(true, static_cast<char>(output.stream) + output.bytes);
  position = output.offset + output.bytes.size();
}

async::Task<> send_items(http::WebSocket& socket, core::SessionView& view, std::uint64_t offset) {
  std::uint64_t position = offset;
  co_await socket.send(false, attached(position, view.input_taken()));
  co_await socket.send(false, viewers_of(view));
  for (;;) {
    const core::SessionItem item = co_await view.next();
    if (const auto* output = std::get_if<core::SessionOutput>(&item)) {
      co_await send_output(socket, view, position, *output);
    } else if (const auto* taken = std::get_if<core::InputTaken>(&item)) {
      co_await socket.send(false, print_json(boost::json::object{{"type", "taken"}, {"input", taken->offset}}));
    } else if (std::holds_alternative<core::ViewersChanged>(item)) {
      co_await socket.send(false, viewers_of(view));
    } else if (const auto* end = std::get_if<wire::SessionExit>(&item)) {
      const wire::SessionExit& exit = *end;
      boost::json::object message{{"type", "exit"}};
      message[exit.code ? "code" : "signal"] = exit.code ? *exit.code : exit.signal.value_or(0);
      co_await socket.send(false, print_json(message));
      co_return;
    }
  }
}

async::Task<> take_messages(http::WebSocket& socket, core::SessionView& view, const TakeRole& take_role) {
  while (auto message = co_await socket.receive()) {
    if (message->binary) {
      co_await view.input(std::move(message->data));
    } else {
      co_await obey(message->data, view, take_role);
    }
  }
}

}  // namespace

void check_window(const wire::WindowSize& size) {
  if (size.columns < 1 || size.columns > 1000 || size.rows < 1 || size.rows > 1000) {
    described::refuse("columns", "and rows must be from 1 to 1000");
  }
}

async::Task<> serve_session(http::WebSocket& socket, core::SessionView& view, std::uint64_t offset,
                            TakeRole take_role) {
  std::optional<Error> fault;
  try {
    co_await async::race(send_items(socket, view, offset), take_messages(socket, view, take_role));
  } catch (const Error& error) {
    fault = error;
  }
  if (!fault) {
    co_await socket.close(normal_closure, "");
    co_return;
  }
  const bool theirs = fault->kind() == ErrorKind::invalid_argument;
  try {
    co_await socket.send(
        false, print_json(boost::json::object{
                   {"type", "error"}, {"kind", std::string(to_string(fault->kind()))}, {"detail", fault->what()}}));
  } catch (const Error&) {  // the peer is gone: nobody to tell
  }
  co_await socket.close(theirs ? policy_violation : try_again_later, "");
}

}  // namespace berth::doors::rest
