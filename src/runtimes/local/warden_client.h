// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "async/trigger.h"
#include "base/described.h"
#include "core/runtime.h"
#include "runtimes/local/settings.h"
#include "runtimes/local/warden_connection.h"

namespace berth::runtimes::local {

// Asks the warden things over a few connections, which it opens when needed and after the warden restarted. Lives on
// the event thread and outlives its calls. Cancelling a call closes its connection; the warden may still carry it out.
class WardenClient {
 public:
  WardenClient(async::Executor executor, Settings settings);

  // The result of a short operation. Throws the warden's Error, or Error{unavailable, timed_out or internal}.
  async::Task<boost::json::value> call(wire::Request request);
  // Of an operation that answers with one descriptor.
  async::Task<Descriptor> call_for_descriptor(wire::Request request);
  // Of a long operation, on a connection of its own. `descriptor` is passed along, unless it is none.
  async::Task<boost::json::value> call_long(wire::Request request, Descriptor descriptor, core::ProgressReport report);
  // Of an operation that takes long and reports no progress, on a connection of its own.
  async::Task<boost::json::value> call_own(wire::Request request, Descriptor descriptor, Seconds limit);
  // Calls `ended` for ever, on a connection of its own.
  async::Task<> watch(std::function<void(core::InstanceStatus)> ended);
  // Waits while a watch is about to begin: a list asked for after it then misses nothing.
  async::Task<> watch_settled();

  const Settings& settings() const { return settings_; }
  const async::Executor& executor() const { return executor_; }

 private:
  // Places for operations: who comes through a door does not wait behind starts and ends of instances.
  struct Lane {
    std::uint32_t taken = 0;  // of settings_.connections
    std::list<char> queue;    // who waits for a place, in order of arrival
  };
  class Place;
  Lane& lane_of(wire::Operation operation);
  async::Task<> take_place(Lane& lane, std::unique_ptr<Place>& place);
  async::Task<WardenMessage> exchange(Place& place, wire::Request request);
  async::Task<WardenMessage> ask(wire::Request request);
  async::Task<std::unique_ptr<WardenConnection>> open_own();
  async::Task<std::unique_ptr<WardenConnection>> open_watch();

  async::Executor executor_;
  Settings settings_;
  std::vector<std::unique_ptr<WardenConnection>> idle_;
  Lane changes_;
  Lane looks_;
  bool watch_opening_ = false;
  async::Trigger changed_;  // any of these four
};

// Reads a result. Throws Error{internal} when it is not a T.
template <class T>
T read_result(const boost::json::value& json) {
  try {
    return read_json<T>(json);
  } catch (const Error& error) {
    throw Error(ErrorKind::internal, std::string("the warden's answer makes no sense: ") + error.what());
  }
}

}  // namespace berth::runtimes::local
