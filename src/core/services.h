// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/access.h"
#include "core/leases.h"
#include "core/service.h"

namespace berth::core {

class Visit;

// Who comes to a service.
struct Visitor {
  std::string key;     // whom the instance is for; empty: this connection alone
  std::string holder;  // all keys of one token begin with it
  std::string share;   // who is to be treated fairly when instances are short: a token, an address
};

struct ServiceStatus {
  Service service;
  std::size_t instances = 0;
  std::size_t connections = 0;
  std::size_t waiting = 0;   // connections without an instance yet
  std::uint64_t visits = 0;  // since the start
  std::uint64_t evicted = 0;
  std::uint64_t failed = 0;
};

// The use cases of services: an instance for who connects, evicted when another one needs the room, ended when nobody
// uses it. What it knows of keys it reads from the store at the start. Lives as long as the server, on the event
// thread.
class Services {
 public:
  struct Surroundings {
    Journal& journal;
    Leases& leases;
    Reconciler& reconciler;
    Runtime& runtime;
    const Clock& clock;
    async::TaskGroup& tasks;
    std::function<void(const std::string&)> log;
  };
  explicit Services(Surroundings surroundings);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Takes the services of the configuration, finds their instances again and ends those of others. The plan of each is
  // among `plans`.
  async::Task<> open(std::vector<Service> services, const std::vector<Plan>& plans);
  // One more, whose account is stored.
  void add(const Service& service, const std::vector<Plan>& plans);
  // No visit begins from now on; ends its instances and the pool, and waits for that. Unknown: nothing.
  async::Task<> close(std::string service);
  // An instance for the visitor: the one of its key, a ready one, or one that is waited for. Throws Error{exhausted}
  // when there is no room even after eviction, {timed_out}, or what kept the instance from starting.
  async::Task<std::unique_ptr<Visit>> visit(std::string service, Visitor visitor);
  // Ends all instances whose key begins with `holder`, and waits until that is stored.
  async::Task<> reset(std::string service, std::string holder);
  // Counts a client that had to go before its visit could begin, through no fault of its own.
  void note_failure(const std::string& service);
  // Ends idle ones. Once a second.
  void tick();
  async::Task<> run();

  // For administrators.
  std::vector<ServiceStatus> list(const Caller& caller) const;
  // Ends all instances of the service. For administrators.
  async::Task<> reset_all(Caller caller, std::string service);

 private:
  friend class Visit;
  struct Place;
  struct Open;

  // Shared: with its places and with those who wait for one, who may outlive its close().
  using SharedOpen = std::shared_ptr<Open>;

  const SharedOpen& known(const std::string& service) const;
  std::shared_ptr<Place> add_place(const SharedOpen& open, std::string key, TimePoint now) const;
  async::Task<std::shared_ptr<Place>> place_for(SharedOpen open, Visitor visitor);
  async::Task<> begin(std::shared_ptr<Place> place, Visitor visitor);
  async::Task<> make_room(Open& open, const Place& place);
  std::shared_ptr<Place> longest_idle(const Open* of) const;
  bool host_is_full() const;
  static bool take_away(const std::shared_ptr<Place>& place);
  void end(const std::shared_ptr<Place>& place, const std::string& why);
  async::Task<> end_for_good(std::shared_ptr<Place> place, std::string why);
  async::Task<> end_all(SharedOpen open, std::function<bool(const Place&)> chosen, std::string why);
  async::Task<> watch(std::shared_ptr<Place> place);
  void leave(Visit& visit);

  Surroundings surroundings_;
  std::map<std::string, SharedOpen> open_;
};

// One connection's hold on an instance. Lives on the event thread, held by a door; its end lets go, which ends the
// instance of a connection of its own.
class Visit {
 public:
  Visit(Services& services, std::shared_ptr<Services::Place> place);
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  const InstanceId& instance() const;
  // A connection to the service. Throws Error{unavailable} when it does not listen any more; the instance is then
  // ended.
  async::Task<Descriptor> connect();
  // Returns when the instance has ended: evicted, reset, over its time, destroyed.
  async::Task<> ended();
  // How long no byte has moved, from now on asked of the door.
  void measure_idle(std::function<Milliseconds()> idle) { idle_ = std::move(idle); }

 private:
  friend class Services;

  Services& services_;
  std::shared_ptr<Services::Place> place_;  // shared: with the other visits, and with the service while it is in use
  std::function<Milliseconds()> idle_;
};

}  // namespace berth::core
