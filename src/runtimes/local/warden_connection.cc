// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/warden_connection.h"

#include <boost/asio/error.hpp>
#include <boost/json/object.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

#include "base/described.h"

namespace berth::runtimes::local {
namespace {

[[noreturn]] void rethrow_as_unavailable(const boost::system::system_error& fault) {
  if (fault.code() == boost::asio::error::operation_aborted) {
    throw fault;  // cancelled
  }
  if (fault.code().value() == EACCES) {
    throw Error(ErrorKind::unavailable, "the warden's socket may not be used by this user");
  }
  throw Error(ErrorKind::unavailable, "the warden does not answer (is berth-warden running?)");
}

// The protocol leaves out the fields an operation does not take.
std::string print_request(const wire::Request& request) {
  boost::json::value json = to_json(request);
  boost::json::object& object = json.get_object();
  for (auto field = object.begin(); field != object.end();) {
    field = field->value().is_null() ? object.stable_erase(field) : field + 1;
  }
  return print_json(json);
}

struct Fault {
  std::string kind;
  std::string message;
  std::optional<std::string> field;
};
BOOST_DESCRIBE_STRUCT(Fault, (), (kind, message, field))

std::optional<WardenMessage::Kind> kind_of(std::string_view key) {
  if (key == "result") {
    return WardenMessage::Kind::result;
  }
  if (key == "progress") {
    return WardenMessage::Kind::progress;
  }
  if (key == "exited") {
    return WardenMessage::Kind::exited;
  }
  return std::nullopt;
}

[[noreturn]] void throw_malformed() {
  throw Error(ErrorKind::internal, "the warden's answer makes no sense (are berthd and berth-warden of one version?)");
}

Error read_fault(const boost::json::value& json) {
  constexpr std::size_t longest = 2000;
  try {
    const auto fault = read_json<Fault>(json);
    return Error(error_kind_from(fault.kind), fault.message.substr(0, longest), fault.field.value_or(""));
  } catch (const Error&) {
    throw_malformed();
  }
}

std::int64_t read_version(const boost::json::value& capabilities) {
  const auto* object = capabilities.if_object();
  const auto* version = object == nullptr ? nullptr : object->if_contains("version");
  if (version == nullptr || !version->is_int64()) {
    throw_malformed();
  }
  return version->get_int64();
}

// The only member of a message.
boost::json::object::iterator only_member(boost::json::value& json) {
  if (!json.is_object() || json.get_object().size() != 1) {
    throw_malformed();
  }
  return json.get_object().begin();
}

boost::json::value parse_message(const std::string& bytes) {
  try {
    return parse_json(bytes);
  } catch (const Error&) {
    throw_malformed();
  }
}

async::Task<WardenMessage> receive_message(PacketSocket& socket, std::optional<boost::json::value>& fault) {
  try {
    Packet packet = co_await socket.receive(wire::max_warden_message);
    boost::json::value json = parse_message(packet.bytes);
    const auto member = only_member(json);
    if (member->key() == "error") {
      fault = std::move(member->value());
      co_return WardenMessage{};
    }
    const auto kind = kind_of(member->key());
    if (!kind) {
      throw_malformed();
    }
    co_return WardenMessage{*kind, std::move(member->value()), std::move(packet.descriptors)};
  } catch (const boost::system::system_error& error) {
    rethrow_as_unavailable(error);
  }
}

}  // namespace

async::Task<WardenConnection> WardenConnection::open(std::string socket_path) {
  try {
    WardenConnection connection(co_await PacketSocket::connect(std::move(socket_path)));
    co_await connection.send({.operation = wire::Operation::hello, .version = wire::warden_protocol_version});
    const WardenMessage answer = co_await connection.receive();
    if (read_version(answer.value) != wire::warden_protocol_version) {
      throw Error(ErrorKind::unavailable, "berthd and berth-warden are of different versions: restart both");
    }
    co_return std::move(connection);
  } catch (const boost::system::system_error& error) {
    rethrow_as_unavailable(error);
  }
}

async::Task<> WardenConnection::send(wire::Request request, int descriptor) {
  const std::string bytes = print_request(request);
  if (bytes.size() > wire::max_warden_message) {
    throw Error(ErrorKind::too_large, "the request is too large");
  }
  in_step_ = false;
  try {
    co_await socket_.send(bytes, descriptor);
  } catch (const boost::system::system_error& error) {
    rethrow_as_unavailable(error);
  }
}

async::Task<WardenMessage> WardenConnection::receive() {
  std::optional<boost::json::value> fault;
  WardenMessage message = co_await receive_message(socket_, fault);
  if (fault) {
    const Error error = read_fault(*fault);
    in_step_ = true;
    throw error;
  }
  in_step_ = message.kind == WardenMessage::Kind::result;
  co_return message;
}

}  // namespace berth::runtimes::local
