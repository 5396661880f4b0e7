// SPDX-License-Identifier: Apache-2.0
#include "core/services.h"

#include <algorithm>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/instance_rules.h"
#include "core/service_place.h"
#include "core/transitions.h"

namespace berth::core {
namespace {

constexpr Seconds longest_wait{120};    // of a connection for its instance
constexpr Seconds tear_down_limit{20};  // for who waits for it

}  // namespace

Services::Services(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

Services::~Services() {
  for (const auto& [name, open] : open_) {
    open->places.clear();  // which hold it in turn
  }
}

const Services::SharedOpen& Services::known(const std::string& service) const {
  const auto found = open_.find(service);
  if (found == open_.end()) {
    throw Error(ErrorKind::not_found, "there is no service '" + service.substr(0, 64) + "'");
  }
  return found->second;
}

void Services::add(const Service& service, const std::vector<Plan>& plans) {
  const auto plan = std::ranges::find(plans, service.plan, &Plan::name);
  if (plan == plans.end()) {
    throw Error(ErrorKind::invalid_argument, "service '" + service.name + "' names a plan that there is not");
  }
  const auto open = std::make_shared<Open>(service, *plan, surroundings_.tasks.executor());
  surroundings_.reconciler.pools().add(open->pool());
  open_[service.name] = open;
}

async::Task<> Services::open(std::vector<Service> services, const std::vector<Plan>& plans) {
  for (const Service& service : services) {
    add(service, plans);
  }
  const TimePoint now = surroundings_.clock.now();
  const auto found = co_await surroundings_.journal.transact([&](Transaction& transaction) {
    for (const Service& service : services) {
      put_account_of(transaction, service.name, now);
    }
    using enum InstanceState;
    return transaction.list_instances(
        {.states = {queued, starting, running, asleep, stopped, failed, grace}, .before = {}, .limit = 0});
  });
  for (auto instance = found.rbegin(); instance != found.rend(); ++instance) {
    if (instance->service.empty()) {
      continue;
    }
    const auto open = open_.find(instance->service);
    if (open == open_.end() || instance->service_key.empty() || instance->state != InstanceState::running) {
      surroundings_.tasks.spawn(surroundings_.reconciler.destroy(instance->id, "nobody is connected to it any more"));
      continue;
    }
    const auto place = add_place(open->second, instance->service_key, now);
    place->id = instance->id;
    place->running = true;
    place->begun = instance->created_at;
    surroundings_.tasks.spawn(watch(place));
  }
}

void Services::note_failure(const std::string& service) { ++known(service)->counts.failed; }

async::Task<std::unique_ptr<Visit>> Services::visit(std::string service, Visitor visitor) {
  const SharedOpen open = known(service);
  ++open->counts.visits;
  ++open->waiting;
  std::exception_ptr fault;
  std::unique_ptr<Visit> visit;
  try {
    std::shared_ptr<Place> place = co_await async::with_limit(place_for(open, std::move(visitor)), longest_wait,
                                                              "no instance was free within two minutes");
    visit = std::make_unique<Visit>(*this, std::move(place));
  } catch (...) {
    fault = std::current_exception();
  }
  --open->waiting;
  if (fault) {
    ++open->counts.failed;
    std::rethrow_exception(fault);
  }
  co_return visit;
}

std::shared_ptr<Services::Place> Services::add_place(const SharedOpen& open, std::string key, TimePoint now) const {
  // Shared: with its visits and with the task that watches it.
  return open->places.emplace_back(std::make_shared<Place>(open, std::move(key), now, surroundings_.tasks.executor()));
}

async::Task<std::shared_ptr<Services::Place>> Services::place_for(SharedOpen open, Visitor visitor) {
  std::shared_ptr<Place> place;
  if (!visitor.key.empty()) {
    const auto known =
        std::ranges::find_if(open->places, [&](const auto& each) { return each->key == visitor.key && !each->over; });
    place = known == open->places.end() ? nullptr : *known;
  }
  if (!place) {
    // Its place is taken first: a second connection with this key must find it.
    place = add_place(open, visitor.key, surroundings_.clock.now());
    surroundings_.tasks.spawn(begin(place, std::move(visitor)));
  }
  // The visitor may go away while it waits; an instance for it alone is then ended.
  struct Waiting {
    Services& services;
    std::shared_ptr<Place> place;
    bool done = false;
    ~Waiting() {
      if (!done && place->key.empty()) {
        services.end(place, "its connection ended");
      }
    }
  } waiting{*this, place};
  while (!place->running && !place->over) {
    co_await place->changed.wait();
  }
  waiting.done = true;
  if (place->failure) {
    throw Error(*place->failure);
  }
  if (place->over) {
    throw Error(ErrorKind::unavailable, "the instance was ended");
  }
  co_return place;
}

async::Task<> Services::begin(std::shared_ptr<Place> place, Visitor visitor) {
  Open& open = *place->open;
  Instance draft;
  draft.account = account_of_service(open.service.name);
  draft.image = ImageName(open.service.image);
  draft.plan = open.plan;
  draft.recording.kind = open.plan.recording;
  draft.lifetime = open.plan.lifetime;
  draft.created_at = surroundings_.clock.now();
  draft.launch = open.service.launch;
  draft.service = open.service.name;
  draft.service_key = visitor.key;
  draft.share = open.service.name + " " + visitor.share;
  try {
    co_await make_room(open, *place);
    const HostLimits& limits = surroundings_.reconciler.limits();
    const auto check = [&limits](Transaction& transaction, const Instance& instance) -> std::optional<Instance> {
      check_room(transaction, instance, limits);
      return std::nullopt;
    };
    Instance begun = co_await surroundings_.leases.begin(std::move(draft), check);
    place->id = begun.id;
    if (place->over) {  // nobody waits any more, and who ended it did not know its id yet
      surroundings_.tasks.spawn(surroundings_.reconciler.destroy(begun.id, "its connection ended"));
      co_return;
    }
    if (begun.state != InstanceState::running) {
      begun = co_await surroundings_.leases.started(begun.id, longest_wait);
    }
    if (begun.state != InstanceState::running) {
      throw Error(ErrorKind::unavailable,
                  "its instance did not start: " + begun.reason.value_or("there was no room in time"));
    }
    place->running = true;
    place->left_at = surroundings_.clock.now();
    open.last_failure.clear();
  } catch (const Error& error) {
    place->failure = error;
    if (open.last_failure != error.what()) {  // a flood of the same is told once
      surroundings_.log("service " + open.service.name + ": " + error.what());
    }
    open.last_failure = error.what();
  }
  if (place->failure) {
    end(place, "it did not start");
  }
  place->changed.fire();
  open.changed.fire();
  if (!place->over) {
    surroundings_.tasks.spawn(watch(place));
  }
}

bool Services::host_is_full() const {
  std::size_t beginning = 0;  // without a row yet
  for (const auto& [name, open] : open_) {
    beginning += static_cast<std::size_t>(
        std::ranges::count_if(open->places, [](const auto& place) { return place->id.empty(); }));
  }
  return surroundings_.reconciler.active() + beginning > surroundings_.reconciler.limits().most_active;
}

// Only as many as needed, and really gone before the next one begins.
async::Task<> Services::make_room(Open& open, const Place& place) {
  while (!place.over) {
    const bool cap = open.places.size() > open.service.max_instances;
    if (!cap && !host_is_full()) {
      co_return;
    }
    const unsigned long seen = open.changed.count();
    if (const std::shared_ptr<Place> oldest = longest_idle(cap ? &open : nullptr)) {
      ++oldest->open->counts.evicted;
      co_await end_for_good(oldest, "it was the one idle for longest, and another needed the room");
    } else if (cap) {
      co_await open.changed.wait_beyond(seen);  // all of them are being started
    } else {
      co_return;  // the host is full of others: the queue decides
    }
  }
}

std::shared_ptr<Services::Place> Services::longest_idle(const Open* of) const {
  const TimePoint now = surroundings_.clock.now();
  std::shared_ptr<Place> oldest;
  for (const auto& [name, open] : open_) {
    if (of != nullptr && open.get() != of) {
      continue;
    }
    for (const auto& place : open->places) {
      const auto age = [&](const Place& each) { return std::pair(each.idle(now), now - each.begun); };
      if (place->running && !place->over && (!oldest || age(*place) > age(*oldest))) {
        oldest = place;
      }
    }
  }
  return oldest;
}

bool Services::take_away(const std::shared_ptr<Place>& place) {
  if (std::exchange(place->over, true)) {
    return false;
  }
  place->open->places.remove(place);
  place->changed.fire();
  place->open->changed.fire();
  return !place->id.empty();
}

void Services::end(const std::shared_ptr<Place>& place, const std::string& why) {
  if (take_away(place)) {
    surroundings_.tasks.spawn(surroundings_.reconciler.destroy(place->id, why));
  }
}

async::Task<> Services::end_for_good(std::shared_ptr<Place> place, std::string why) {
  if (take_away(place)) {
    co_await surroundings_.reconciler.destroy(place->id, std::move(why));
    co_await surroundings_.reconciler.settled(place->id, tear_down_limit);
  }
}

// Its lease may end, its owner destroy it, its memory run out.
async::Task<> Services::watch(std::shared_ptr<Place> place) {
  // Shared: with others who wait for the same instance.
  const std::shared_ptr<async::Trigger> changes = surroundings_.reconciler.changes_of(place->id);
  for (unsigned long seen = changes->count(); !place->over; seen = changes->count()) {
    co_await async::race(changes->wait_beyond(seen), place->changed.wait());
    if (place->over) {
      co_return;
    }
    const InstanceId id = place->id;
    const auto now = co_await surroundings_.journal.transact(
        [&id](Transaction& transaction) { return transaction.find_instance(id); });
    if (!now || now->state != InstanceState::running) {
      end(place, "it did not run any more");
    }
  }
}

async::Task<> Services::reset(std::string service, std::string holder) {
  return end_all(
      known(service), [holder](const Place& place) { return !holder.empty() && place.key.starts_with(holder); },
      "it was reset");
}

async::Task<> Services::end_all(SharedOpen open, std::function<bool(const Place&)> chosen, std::string why) {
  std::vector<std::shared_ptr<Place>> places;
  std::ranges::copy_if(open->places, std::back_inserter(places), [&](const auto& place) { return chosen(*place); });
  for (const auto& place : places) {
    co_await end_for_good(place, why);
  }
}

async::Task<> Services::close(std::string service) {
  const auto found = open_.find(service);
  if (found == open_.end()) {
    co_return;
  }
  const SharedOpen open = found->second;
  open_.erase(found);
  surroundings_.reconciler.pools().remove(open->pool());
  co_await end_all(open, [](const Place&) { return true; }, "its service was removed");
}

void Services::tick() {
  const TimePoint now = surroundings_.clock.now();
  for (const auto& [name, open] : open_) {
    const std::vector<std::shared_ptr<Place>> places(open->places.begin(), open->places.end());
    for (const auto& place : places) {
      if (place->idle(now) >= open->service.idle_limit) {
        end(place, "nobody used it for " + format_duration(open->service.idle_limit));
      }
    }
  }
}

async::Task<> Services::run() {
  for (;;) {
    co_await async::pause_for(Seconds{1});
    tick();
  }
}

std::vector<ServiceStatus> Services::list(const Caller& caller) const {
  require(caller, Scope::accounts_write);
  std::vector<ServiceStatus> statuses;
  for (const auto& [name, open] : open_) {
    ServiceStatus& status = statuses.emplace_back(open->counts);
    status.service = open->service;
    status.instances = open->places.size();
    status.waiting = open->waiting;
    for (const auto& place : open->places) {
      status.connections += place->visits.size();
    }
  }
  return statuses;
}

async::Task<> Services::reset_all(Caller caller, std::string service) {
  require(caller, Scope::accounts_write);
  co_await end_all(known(service), [](const Place&) { return true; }, "the service was reset");
}

void Services::leave(Visit& visit) {
  const std::shared_ptr<Place> place = visit.place_;
  place->visits.erase(&visit);
  place->left_at = surroundings_.clock.now();
  if (place->key.empty()) {
    end(place, "its connection ended");
  }
}

}  // namespace berth::core
