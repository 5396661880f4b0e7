// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "async/trigger.h"
#include "core/access.h"
#include "core/journal.h"
#include "core/service_definition.h"
#include "core/services.h"

namespace berth::core {

// Where services made by API are reached. Lives as long as the server.
class ServiceAddresses {
 public:
  virtual ~ServiceAddresses() = default;
  // Every fault of what this server lets the API have: its plan, the address, names for TLS.
  virtual ServiceFaults faults_of(const ServiceDefinition& definition) const = 0;
  // Listens; clients wait until start(). What it was told of the address is then what it listens on. Throws
  // Error{conflict} when another has it, {invalid_argument} when it cannot be had, {exhausted} when no port is free.
  virtual void open(StoredService& service) = 0;
  // Of one that was opened while the server runs.
  virtual void start(const std::string& service) = 0;
  // The address is free at once, and connections end. Unknown: nothing.
  virtual void close(const std::string& service) = 0;
};

// Where a service is defined.
enum class ServiceSource { configuration, api };
BOOST_DESCRIBE_ENUM(ServiceSource, configuration, api)

struct ShownService {
  ServiceDefinition definition;
  ServiceSource source = ServiceSource::configuration;
  std::string fault;  // why nobody reaches it; empty: it is reached
  ServiceStatus status;
};

// The use cases of what services there are: those of the configuration, and those that administrators make and remove
// by API. Lives as long as the server, on the event thread. A change that is stored is carried out, cancelled or not.
class ServiceRegister {
 public:
  struct Surroundings {
    Journal& journal;
    Services& services;
    ServiceAddresses& addresses;
    const Clock& clock;
    async::TaskGroup& tasks;
    const std::vector<Plan>& plans;
    const std::vector<ServiceDefinition>& configured;
    std::string configuration;  // its file's name
    std::function<void(const std::string&)> log;
  };
  explicit ServiceRegister(Surroundings surroundings);

  // Opens Services with all there are, and the addresses of those made by API, whose clients wait until the door
  // serves. What cannot be opened is logged and shown.
  async::Task<> open();
  // By name.
  std::vector<ShownService> list(const Caller& caller) const;
  // Throws Error{not_found}.
  ShownService find(const Caller& caller, const std::string& name) const;
  // It listens when this returns. Throws Error{invalid_argument} with every fault, {conflict}, or what
  // ServiceAddresses::open does.
  async::Task<ShownService> create(Caller caller, NewService service);
  // Returns when its instances have ended. Throws Error{not_found}, or {conflict} for one of the configuration.
  async::Task<> remove(Caller caller, std::string name);

 private:
  struct Made {
    StoredService stored;
    std::string fault;
  };

  bool is_configured(const std::string& name) const;
  void require_sound(const NewService& service) const;
  void require_free(const std::string& name) const;
  ServiceFaults all_faults_of(const ServiceDefinition& definition) const;
  void open_stored(Made& made);
  async::Task<> end(std::string name);

  Surroundings surroundings_;
  std::map<std::string, Made> made_;
  std::set<std::string> changing_;  // being made or removed
  async::Trigger changed_;
};

}  // namespace berth::core
