// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/warden_client.h"

#include <algorithm>
#include <utility>

#include "async/time_limit.h"

namespace berth::runtimes::local {
namespace {

constexpr const char* no_answer = "the warden did not answer in time";

[[noreturn]] void throw_unexpected() {
  throw Error(ErrorKind::internal, "the warden's answer makes no sense (are berthd and berth-warden of one version?)");
}

async::Task<std::unique_ptr<WardenConnection>> open_connection(std::string path) {
  co_return std::make_unique<WardenConnection>(co_await WardenConnection::open(std::move(path)));
}

}  // namespace

// A place in a lane while a call lasts. Its connection goes back to the idle ones only when it is known to be in step.
class WardenClient::Place {
 public:
  Place(WardenClient& client, Lane& lane) : client_(client), lane_(lane) { ++lane_.taken; }
  ~Place() {
    if (connection && connection->is_in_step()) {
      client_.idle_.push_back(std::move(connection));
    }
    --lane_.taken;
    client_.changed_.fire();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::unique_ptr<WardenConnection> connection;

 private:
  WardenClient& client_;
  Lane& lane_;
};

WardenClient::WardenClient(async::Executor executor, Settings settings)
    : executor_(executor), settings_(std::move(settings)), changed_(executor) {
  settings_.connections = std::max<std::uint32_t>(settings_.connections, 1);
}

WardenClient::Lane& WardenClient::lane_of(wire::Operation operation) {
  switch (operation) {
    case wire::Operation::agent:
    case wire::Operation::connect:
    case wire::Operation::hello:
    case wire::Operation::list:
    case wire::Operation::usage:
      return looks_;
    default:
      return changes_;
  }
}

async::Task<> WardenClient::take_place(Lane& lane, std::unique_ptr<Place>& place) {
  const auto me = lane.queue.insert(lane.queue.end(), '\0');
  // However the wait ends, the next in line must look again.
  struct LeaveQueue {
    WardenClient& client;
    Lane& lane;
    std::list<char>::iterator me;
    ~LeaveQueue() {
      lane.queue.erase(me);
      client.changed_.fire();
    }
  } const leave{*this, lane, me};
  while (me != lane.queue.begin() || lane.taken >= settings_.connections) {
    co_await changed_.wait();
  }
  place = std::make_unique<Place>(*this, lane);
}

async::Task<WardenMessage> WardenClient::exchange(Place& place, wire::Request request) {
  while (!place.connection && !idle_.empty()) {
    place.connection = std::move(idle_.back());
    idle_.pop_back();
    if (!place.connection->is_usable()) {
      place.connection.reset();  // the warden restarted
    }
  }
  if (!place.connection) {
    place.connection = co_await open_connection(settings_.warden_socket);
  }
  co_await place.connection->send(std::move(request));
  WardenMessage answer = co_await place.connection->receive();
  if (answer.kind != WardenMessage::Kind::result) {
    throw_unexpected();
  }
  co_return answer;
}

async::Task<WardenMessage> WardenClient::ask(wire::Request request) {
  std::unique_ptr<Place> place;  // declared here, so that a place which comes just too late is given back
  co_await async::finishes_within(take_place(lane_of(request.operation), place), settings_.busy_limit);
  if (!place) {
    throw Error(ErrorKind::unavailable, "the warden is busy: try again later");
  }
  const Seconds limit =
      request.operation == wire::Operation::create ? settings_.create_limit : settings_.operation_limit;
  co_return co_await async::with_limit(exchange(*place, std::move(request)), limit, no_answer);
}

async::Task<> WardenClient::watch_settled() {
  while (watch_opening_) {
    co_await changed_.wait();
  }
}

async::Task<boost::json::value> WardenClient::call(wire::Request request) {
  WardenMessage answer = co_await ask(std::move(request));
  if (!answer.descriptors.empty()) {
    throw_unexpected();
  }
  co_return std::move(answer.value);
}

async::Task<Descriptor> WardenClient::call_for_descriptor(wire::Request request) {
  WardenMessage answer = co_await ask(std::move(request));
  if (answer.descriptors.size() != 1) {
    throw_unexpected();
  }
  co_return std::move(answer.descriptors.front());
}

async::Task<std::unique_ptr<WardenConnection>> WardenClient::open_own() {
  co_return co_await async::with_limit(open_connection(settings_.warden_socket), settings_.operation_limit, no_answer);
}

async::Task<boost::json::value> WardenClient::call_long(wire::Request request, Descriptor descriptor,
                                                        core::ProgressReport report) {
  const auto connection = co_await open_own();
  co_await async::with_limit(connection->send(std::move(request), descriptor.get()), settings_.operation_limit,
                             no_answer);
  descriptor.reset();
  for (;;) {
    WardenMessage message =
        co_await async::with_limit(connection->receive(), settings_.progress_limit,
                                   "the warden has not said for a long time how far it is with the image");
    if (message.kind == WardenMessage::Kind::exited || !message.descriptors.empty()) {
      throw_unexpected();
    }
    if (message.kind == WardenMessage::Kind::result) {
      co_return std::move(message.value);
    }
    const auto progress = read_result<wire::Progress>(message.value);
    report(std::clamp(progress.fraction, 0.0, 1.0), progress.note);
  }
}

async::Task<boost::json::value> WardenClient::call_own(wire::Request request, Descriptor descriptor, Seconds limit) {
  const auto connection = co_await open_own();
  co_await async::with_limit(connection->send(std::move(request), descriptor.get()), settings_.operation_limit,
                             no_answer);
  WardenMessage answer = co_await async::with_limit(connection->receive(), limit, no_answer);
  if (answer.kind != WardenMessage::Kind::result || !answer.descriptors.empty()) {
    throw_unexpected();
  }
  co_return std::move(answer.value);
}

async::Task<std::unique_ptr<WardenConnection>> WardenClient::open_watch() {
  struct Opening {
    WardenClient& client;
    explicit Opening(WardenClient& opener) : client(opener) { client.watch_opening_ = true; }
    ~Opening() {
      client.watch_opening_ = false;
      client.changed_.fire();
    }
  } const opening(*this);
  auto connection = co_await open_own();
  co_await async::with_limit(connection->send({.operation = wire::Operation::watch}), settings_.operation_limit,
                             no_answer);
  const WardenMessage agreed = co_await async::with_limit(connection->receive(), settings_.operation_limit, no_answer);
  if (agreed.kind != WardenMessage::Kind::result) {
    throw_unexpected();
  }
  co_return std::move(connection);
}

async::Task<> WardenClient::watch(std::function<void(core::InstanceStatus)> ended) {
  const auto connection = co_await open_watch();
  for (;;) {
    const WardenMessage message = co_await connection->receive();
    if (message.kind != WardenMessage::Kind::exited || !message.descriptors.empty()) {
      throw_unexpected();
    }
    ended(read_result<core::InstanceStatus>(message.value));
  }
}

}  // namespace berth::runtimes::local
