// SPDX-License-Identifier: Apache-2.0
#include "core/service_register.h"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <iterator>
#include <utility>

#include "base/secret.h"

namespace berth::core {
namespace {

std::string sentences_of(const std::string& service, const ServiceFaults& faults) {
  std::vector<std::string> sentences;
  std::ranges::transform(faults, std::back_inserter(sentences),
                         [&](const ServiceFault& fault) { return sentence_of(service, fault); });
  return boost::algorithm::join(sentences, "; ");
}

void append(ServiceFaults& faults, ServiceFaults more) {
  faults.insert(faults.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

ServiceRegister::ServiceRegister(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), changed_(surroundings_.tasks.executor()) {}

bool ServiceRegister::is_configured(const std::string& name) const {
  return std::ranges::find(surroundings_.configured, name, &ServiceDefinition::name) != surroundings_.configured.end();
}

async::Task<> ServiceRegister::open() {
  const std::vector<StoredService> stored =
      co_await surroundings_.journal.transact([](Transaction& transaction) { return transaction.list_services(); });
  std::vector<Service> services;
  for (const ServiceDefinition& definition : surroundings_.configured) {
    services.push_back(service_of(definition));
  }
  for (const StoredService& service : stored) {
    if (is_configured(service.name)) {
      surroundings_.log("service '" + service.name + "' that was made by API is not opened: " +
                        surroundings_.configuration + " has a [[service]] of this name");
      continue;
    }
    Made& made = made_[service.name];
    made.stored = service;
    const ServiceFaults faults = all_faults_of(service.definition);
    made.fault = sentences_of(service.name, faults);
    if (faults.empty()) {
      services.push_back(service_of(service.definition));
      open_stored(made);
    }
    if (!made.fault.empty()) {
      surroundings_.log("service '" + service.name + "' is not reached: " + made.fault);
    }
  }
  co_await surroundings_.services.open(std::move(services), surroundings_.plans);
}

// Without its address its instances stay: it may be free when berthd starts again.
void ServiceRegister::open_stored(Made& made) {
  try {
    surroundings_.addresses.open(made.stored);
  } catch (const Error& error) {
    made.fault = error.what();
  }
}

ServiceFaults ServiceRegister::all_faults_of(const ServiceDefinition& definition) const {
  ServiceFaults faults = faults_of(definition);
  append(faults, surroundings_.addresses.faults_of(definition));
  return faults;
}

std::vector<ShownService> ServiceRegister::list(const Caller& caller) const {
  std::map<std::string, ShownService> shown;
  for (const ServiceDefinition& definition : surroundings_.configured) {
    shown[definition.name] = {.definition = definition, .source = ServiceSource::configuration};
  }
  for (const auto& [name, made] : made_) {
    shown[name] = {.definition = made.stored.definition, .source = ServiceSource::api, .fault = made.fault};
  }
  for (auto& [name, service] : shown) {
    service.status.service = service_of(service.definition);
  }
  for (ServiceStatus& status : surroundings_.services.list(caller)) {
    if (const auto known = shown.find(status.service.name); known != shown.end()) {
      known->second.status = std::move(status);
    }
  }
  std::vector<ShownService> services;
  for (auto& [name, service] : shown) {
    services.push_back(std::move(service));
  }
  return services;
}

ShownService ServiceRegister::find(const Caller& caller, const std::string& name) const {
  std::vector<ShownService> services = list(caller);
  const auto found = std::ranges::find(services, name, [](const ShownService& shown) { return shown.definition.name; });
  if (found == services.end()) {
    throw Error(ErrorKind::not_found, "there is no service '" + name.substr(0, 64) + "'");
  }
  return std::move(*found);
}

void ServiceRegister::require_sound(const NewService& service) const {
  ServiceFaults faults = faults_of(service);
  append(faults, surroundings_.addresses.faults_of(service.definition));
  if (!faults.empty()) {
    throw Error(ErrorKind::invalid_argument, sentences_of(service.definition.name.substr(0, 64), faults),
                faults.front().key);
  }
}

void ServiceRegister::require_free(const std::string& name) const {
  if (is_configured(name)) {
    throw Error(ErrorKind::conflict, surroundings_.configuration + " has a [[service]] named '" + name + "' already",
                "name");
  }
  if (made_.contains(name)) {
    throw Error(ErrorKind::conflict, "there is a service '" + name + "' already, made by API; remove it first", "name");
  }
  if (changing_.contains(name)) {
    throw Error(ErrorKind::conflict, "service '" + name + "' is being made or removed just now; try again", "name");
  }
}

async::Task<ShownService> ServiceRegister::create(Caller caller, NewService service) {
  require(caller, Scope::accounts_write);
  require_sound(service);
  const std::string name = service.definition.name;
  require_free(name);
  StoredService stored{.name = name,
                       .definition = std::move(service.definition),
                       .token_hashes = {},
                       .created_at = surroundings_.clock.now()};
  for (std::string& token : service.tokens) {
    stored.token_hashes.push_back(hash_token(Secret(std::move(token))));
  }
  struct Changing {
    std::set<std::string>& names;
    std::string name;
    ~Changing() { names.erase(name); }
  } const until_the_end{changing_, *changing_.insert(name).first};
  surroundings_.addresses.open(stored);
  try {
    co_await surroundings_.journal.transact([&](Transaction& transaction) {
      put_account_of(transaction, name, stored.created_at);
      transaction.put_service(stored);
    });
  } catch (...) {
    surroundings_.addresses.close(name);
    throw;
  }
  // From here on nothing may be cancelled: it is stored.
  surroundings_.services.add(service_of(stored.definition), surroundings_.plans);
  surroundings_.addresses.start(name);
  made_[name] = {std::move(stored), {}};
  surroundings_.log("service '" + name + "' was made by " + caller.account.id.text());
  co_return find(caller, name);
}

async::Task<> ServiceRegister::remove(Caller caller, std::string name) {
  require(caller, Scope::accounts_write);
  if (is_configured(name)) {
    throw Error(ErrorKind::conflict, "service '" + name + "' is of the configuration: take its [[service]] out of " +
                                         surroundings_.configuration + " and start berthd again");
  }
  if (!made_.contains(name)) {
    throw Error(ErrorKind::not_found, "there is no service '" + name.substr(0, 64) + "'");
  }
  if (!changing_.insert(name).second) {
    throw Error(ErrorKind::conflict, "service '" + name + "' is being removed just now");
  }
  try {
    co_await surroundings_.journal.transact([&](Transaction& transaction) { transaction.remove_service(name); });
  } catch (...) {
    changing_.erase(name);
    throw;
  }
  made_.erase(name);
  surroundings_.addresses.close(name);
  surroundings_.tasks.spawn(end(name));
  surroundings_.log("service '" + name + "' was removed by " + caller.account.id.text());
  while (changing_.contains(name)) {
    co_await changed_.wait();
  }
}

// Whoever asked for it may go away meanwhile.
async::Task<> ServiceRegister::end(std::string name) {
  co_await surroundings_.services.close(name);
  changing_.erase(name);
  changed_.fire();
}

}  // namespace berth::core
