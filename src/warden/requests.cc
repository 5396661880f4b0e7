// SPDX-License-Identifier: Apache-2.0
#include "warden/requests.h"

#include <poll.h>

#include "base/described.h"
#include "warden/system_error.h"
#include "warden/validate.h"

namespace berth::warden {
namespace {

using boost::json::object;

std::string error_message(const Error& error) {
  object fault = {{"kind", boost::json::string(to_string(error.kind()))}, {"message", error.what()}};
  if (!error.field().empty()) {
    fault["field"] = error.field();
  }
  return print_json(object{{"error", std::move(fault)}});
}

// A client that went away does not end what it asked for.
ReportProgress progress_to(int connection) {
  return [connection](const wire::Progress& progress) {
    try {
      send_packet(connection, print_json(object{{"progress", to_json(progress)}}));
    } catch (const Error&) {
    }
  };
}

}  // namespace

Requests::Requests(const Host& host, Images& images, Instances& instances, const Checks& checks, ExitEvents& ends)
    : host_(host),
      images_(images),
      instances_(instances),
      checks_(checks),
      ends_(ends),
      runtime_version_(host.runtime.version()) {}

wire::Capabilities Requests::capabilities() const {
  return {.version = wire::warden_protocol_version,
          .runtime = runtime_version_,
          .most_instances = host_.most_instances(),
          .recipes = images_.recipes()};
}

void Requests::serve(int connection, int stop) const {
  while (std::optional<Packet> packet = receive_packet(connection)) {
    // What is no JSON object breaks the form: the exception ends the connection.
    const boost::json::value json = parse_json(packet->text);
    if (!json.is_object()) {
      return;
    }
    try {
      const auto request = read_json<wire::Request>(json);
      check_request(request);
      const bool takes_one =
          request.operation == wire::Operation::import_image || request.operation == wire::Operation::check;
      if (packet->descriptors.empty() == takes_one) {
        throw Error(ErrorKind::invalid_argument, "import_image and check take one descriptor, other operations none");
      }
      if (request.operation == wire::Operation::watch) {
        ExitSubscription exits(ends_);
        send_packet(connection, R"({"result":{}})");
        push_exits(exits, connection, stop);
        return;
      }
      const Answer given = answer(request, *packet, connection);
      const std::string text = print_json(object{{"result", given.result}});
      if (text.size() > wire::max_warden_message) {
        throw Error(ErrorKind::too_large, "the answer is longer than a message may be");
      }
      send_packet(connection, text, given.descriptor.get());
    } catch (const Error& error) {
      send_packet(connection, error_message(error));
    } catch (const std::exception& fault) {
      log_line(std::string("a request failed: ") + fault.what());
      send_packet(connection, error_message(Error(ErrorKind::internal, "the warden failed; its log says why")));
    }
  }
}

Requests::Answer Requests::answer(const wire::Request& request, Packet& packet, int connection) const {
  using enum wire::Operation;
  switch (request.operation) {
    case hello:
      if (*request.version != wire::warden_protocol_version) {
        throw Error(ErrorKind::invalid_argument, "the warden speaks another version of the protocol", "version");
      }
      return {to_json(capabilities()), {}};
    case create:
      instances_.create(*request.id, *request.spec);
      return {object{}, {}};
    case stop:
      instances_.stop(*request.id);
      return {object{}, {}};
    case destroy:
      instances_.destroy(*request.id);
      return {object{}, {}};
    case list:
      return {to_json(instances_.list()), {}};
    case pause:
      instances_.find(*request.id)->pause();
      return {object{}, {}};
    case resume:
      instances_.find(*request.id)->resume();
      return {object{}, {}};
    case usage:
      return {to_json(instances_.find(*request.id)->usage()), {}};
    case agent:
      return {object{}, instances_.find(*request.id)->agent()};
    case connect:
      return {object{}, instances_.find(*request.id)->connect(*request.port)};
    case export_disk:
      return {object{}, instances_.export_disk(*request.id)};
    case check:
      return {to_json(checks_.run(*request.id, *request.check, packet.descriptors.front())), {}};
    case watch:
      break;
    case list_images:
    case build_image:
    case import_image:
    case remove_image:
    case commit_image:
      return answer_for_images(request, packet, connection);
  }
  throw Error(ErrorKind::internal, "an operation has no answer");
}

Requests::Answer Requests::answer_for_images(const wire::Request& request, Packet& packet, int connection) const {
  using enum wire::Operation;
  if (request.operation == list_images) {
    return {to_json(images_.list()), {}};
  }
  const std::string& name = *request.name;
  const auto in_use = [&] { return instances_.use_image(name); };
  if (request.operation == build_image) {
    return {to_json(images_.build(name, progress_to(connection))), {}};
  }
  if (request.operation == commit_image) {
    return {to_json(instances_.commit_image(*request.id, name)), {}};
  }
  if (request.operation == import_image) {
    Descriptor source = std::move(packet.descriptors.front());
    return {to_json(images_.import(name, *request.form, std::move(source), in_use, progress_to(connection))), {}};
  }
  images_.remove(name, in_use);
  return {object{}, {}};
}

void Requests::push_exits(ExitSubscription& exits, int connection, int stop) const {
  for (;;) {
    pollfd watched[] = {{exits.descriptor(), POLLIN, 0}, {connection, POLLIN, 0}, {stop, POLLIN, 0}};
    if (::poll(watched, 3, -1) < 0 && errno != EINTR) {
      throw_errno("wait for an end");
    }
    if (watched[1].revents != 0 || watched[2].revents != 0) {
      return;  // gone, or it says something, for which this connection has no place any more
    }
    for (const wire::InstanceStatus& status : exits.take()) {
      send_packet(connection, print_json(object{{"exited", to_json(status)}}));
    }
  }
}

}  // namespace berth::warden
