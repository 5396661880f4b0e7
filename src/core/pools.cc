// SPDX-License-Identifier: Apache-2.0
#include "core/pools.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/instance_rules.h"
#include "core/plain_text.h"
#include "core/readiness.h"

namespace berth::core {
namespace {

constexpr double demand_weight = 0.2;     // of the last second
constexpr double seconds_of_demand = 10;  // are kept ready
constexpr Milliseconds longest_back_off{60'000};
constexpr Milliseconds quiet{100};  // since the last lease
constexpr std::size_t smallest_with_marks = 8;
constexpr std::size_t most_given_up = 8;  // at a tick, when memory is short

bool same(const PoolSettings& one, const PoolSettings& other) {
  return one.image == other.image && one.plan == other.plan && one.launch == other.launch;
}

}  // namespace

InstanceSpec spec_of(const ImageName& image, const std::string& name, const Plan& plan, const Launch& launch) {
  return InstanceSpec{.image = image.text(),
                      .hostname = name,
                      .cpu_percent = plan.cpu_percent,
                      .memory = plan.memory,
                      .processes = plan.processes,
                      .open_files = plan.open_files,
                      .disk = plan.disk,
                      .disk_kind = plan.disk_kind,
                      .egress = plan.egress,
                      .egress_kilobits = plan.egress_kilobits,
                      .no_new_privileges = plan.no_new_privileges,
                      .read_only = launch.read_only,
                      .command = launch.command,
                      .service_user = launch.user,
                      .network = launch.network};
}

Pools::Pools(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), changed_(surroundings_.tasks.executor()) {}

std::list<Pools::Pool>::iterator Pools::find(const PoolSettings& settings) {
  return std::ranges::find_if(pools_, [&](const Pool& pool) { return same(pool.settings, settings); });
}

void Pools::add(const PoolSettings& settings) {
  auto pool = find(settings);
  if (pool == pools_.end()) {
    pool = pools_.emplace(pools_.end());
    pool->settings = settings;
  }
  pool->wishes.push_back({settings.least, settings.most});
  set_marks(*pool);
}

void Pools::remove(const PoolSettings& settings) {
  const auto pool = find(settings);
  if (pool == pools_.end()) {
    return;
  }
  const auto wish = std::ranges::find(pool->wishes, Marks{settings.least, settings.most});
  if (wish != pool->wishes.end()) {
    pool->wishes.erase(wish);
    set_marks(*pool);
  }
}

void Pools::set_marks(Pool& pool) {
  pool.settings.least = 0;
  pool.settings.most = 0;
  for (const Marks& wish : pool.wishes) {
    pool.settings.least = std::max(pool.settings.least, wish.least);
    pool.settings.most = std::max(pool.settings.most, wish.most);
  }
  if (pool.wishes.empty()) {
    empty(pool);
  }
  changed_.fire();
}

// Those that are being made are let go of, too.
void Pools::empty(Pool& pool) {
  ++pool.made_for;
  while (!pool.ready.empty()) {
    give_up(pool.ready.front());
  }
}

// A lease or a start under way still refers to its pool.
void Pools::forget_removed() {
  pools_.remove_if([this](const Pool& pool) {
    return pool.wishes.empty() && pool.making == 0 && pool.ready.empty() &&
           std::ranges::none_of(taken_, [&](const auto& entry) { return entry.second == &pool; });
  });
}

std::optional<InstanceId> Pools::take(const Instance& instance) {
  const PoolSettings asked{.image = instance.image, .plan = instance.plan, .launch = instance.launch};
  for (Pool& pool : pools_) {
    if (!same(pool.settings, asked)) {
      continue;
    }
    ++pool.asked;
    changed_.fire();
    if (pool.ready.empty()) {
      ++pool.counts.missed;
      return std::nullopt;
    }
    InstanceId id = std::move(pool.ready.front());
    pool.ready.pop_front();
    ready_.erase(id);
    taken_[id] = &pool;
    last_lease_ = surroundings_.clock.now();
    ++pool.counts.leased;
    return id;
  }
  return std::nullopt;
}

bool Pools::keep(const InstanceId& id) {
  taken_.erase(id);
  return died_.erase(id) == 0;
}

void Pools::put_back(const InstanceId& id) {
  if (const auto found = taken_.find(id); found != taken_.end()) {
    Pool& pool = *found->second;
    taken_.erase(found);
    --pool.counts.leased;
    pool.ready.push_front(id);
    ready_[id] = &pool;
    if (died_.erase(id) != 0) {
      ended(id);
    }
  }
}

bool Pools::holds(const InstanceId& id) const {
  return ready_.contains(id) || taken_.contains(id) || making_.contains(id) || leaving_.contains(id);
}

void Pools::ended(const InstanceId& id) {
  if (taken_.contains(id)) {
    died_.insert(id);
  }
  if (const auto found = ready_.find(id); found != ready_.end()) {
    failed(*found->second, Error(ErrorKind::instance_fault, "a ready instance ended by itself"));
    give_up(id);
  }
}

std::vector<InstanceId> Pools::ready() const {
  std::vector<InstanceId> ids;
  for (const auto& [id, pool] : ready_) {
    ids.push_back(id);
  }
  return ids;
}

void Pools::suspend(const ImageName& image) {
  suspended_.insert(image);
  for (Pool& pool : pools_) {
    if (pool.settings.image == image) {
      empty(pool);
    }
  }
}

void Pools::resume(const ImageName& image) {
  suspended_.erase(image);
  for (Pool& pool : pools_) {
    if (pool.settings.image == image) {
      pool.attempts = 0;
      pool.next_attempt = {};
    }
  }
  changed_.fire();
}

std::vector<PoolStatus> Pools::statuses() const {
  std::vector<PoolStatus> list;
  for (const Pool& pool : pools_) {
    if (pool.wishes.empty()) {
      continue;
    }
    PoolStatus& status = list.emplace_back(pool.counts);
    status.settings = pool.settings;
    status.ready = pool.ready.size();
    status.making = pool.making;
    status.wanted = wanted(pool);
  }
  return list;
}

std::size_t Pools::size() const { return ready_.size() + taken_.size() + making_.size(); }

void Pools::set_room(std::size_t room) {
  if (room != room_) {
    room_ = room;
    changed_.fire();
  }
}

std::size_t Pools::wanted(const Pool& pool) {
  const auto demanded = static_cast<std::size_t>(std::lround(pool.demand * seconds_of_demand));
  return std::clamp<std::size_t>(demanded, pool.settings.least, std::max(pool.settings.least, pool.settings.most));
}

// Between the marks of three quarters and all it fills only what it began to fill, and while leases come in it makes
// none as long as a quarter is left: who comes now shall not share the processors with those who come later.
bool Pools::wants_more(Pool& pool) const {
  const std::size_t high = wanted(pool);
  const std::size_t held = pool.ready.size() + pool.making;
  pool.filling = held < high && (pool.filling || held < high - high / 4);
  const TimePoint now = surroundings_.clock.now();
  return pool.filling && !suspended_.contains(pool.settings.image) && now >= pool.next_attempt &&
         (now >= last_lease_ + quiet || held < high / 4 || high < smallest_with_marks);
}

void Pools::tick() {
  for (Pool& pool : pools_) {
    pool.demand += demand_weight * (std::exchange(pool.asked, 0) - pool.demand);
    shrink(pool);
  }
  forget_removed();
  if (surroundings_.short_of_memory()) {
    for (std::size_t count = 0; count < most_given_up && !ready_.empty(); ++count) {
      give_up(std::ranges::max_element(pools_, {}, [](const Pool& pool) { return pool.ready.size(); })->ready.front());
    }
  }
  changed_.fire();
}

// One at a time, and not for a ripple: what was made for a burst may be wanted again soon.
void Pools::shrink(Pool& pool) {
  const std::size_t kept = wanted(pool);
  if (pool.ready.size() > kept + kept / 4) {
    give_up(pool.ready.front());
  }
  while (!pool.ready.empty() && size() > room_) {
    give_up(pool.ready.front());
  }
}

async::Task<> Pools::run() {
  const auto fill_always = [](Pools& self) -> async::Task<> {
    for (;;) {
      const unsigned long seen = self.changed_.count();
      const unsigned long slots_seen = self.surroundings_.slots.changed().count();
      self.fill();
      co_await async::finishes_within(self.something_new(seen, slots_seen), quiet);
    }
  };
  const auto tick_always = [](Pools& self) -> async::Task<> {
    for (;;) {
      co_await async::pause_for(Seconds{1});
      self.tick();
    }
  };
  co_await async::both(fill_always(*this), tick_always(*this));
}

async::Task<> Pools::something_new(unsigned long changes_seen, unsigned long slots_seen) {
  co_await async::race(changed_.wait_beyond(changes_seen), surroundings_.slots.changed().wait_beyond(slots_seen));
}

void Pools::fill() {
  for (bool more = true; more;) {
    more = false;
    for (Pool& pool : pools_) {
      if (size() < room_ && wants_more(pool) && !surroundings_.short_of_memory()) {
        if (auto slot = surroundings_.slots.take_spare()) {
          ++pool.making;
          surroundings_.tasks.spawn(make(pool, std::move(*slot)));
          more = true;
        }
      }
    }
  }
}

async::Task<> Pools::make(Pool& pool, StartSlots::Slot slot) {
  const StartSlots::Slot held = std::move(slot);
  const InstanceId id(random_name(12));
  const std::size_t made_for = pool.made_for;
  making_.insert(id);
  std::optional<Error> fault;
  try {
    co_await prepare(
        id,
        spec_of(pool.settings.image, default_name(pool.settings.image, id), pool.settings.plan, pool.settings.launch),
        pool.settings.launch);
  } catch (const Error& error) {
    fault = error;
  } catch (...) {  // cancelled: berthd ends, the next one destroys what is left
    --pool.making;
    making_.erase(id);
    throw;
  }
  --pool.making;
  making_.erase(id);
  if (fault) {
    failed(pool, *fault);
  } else if (made_for == pool.made_for) {
    pool.attempts = 0;
    pool.counts.last_failure.clear();
    pool.ready.push_back(id);
    ready_[id] = &pool;
    changed_.fire();
    co_return;
  }
  give_up(id);
}

async::Task<> Pools::prepare(InstanceId id, InstanceSpec spec, Launch launch) {
  co_await surroundings_.runtime.create(id, std::move(spec));
  co_await wait_until_ready(co_await surroundings_.links.of(id), std::move(launch), ready_limit);
}

void Pools::failed(Pool& pool, const Error& error) {
  const std::string why = plain_text(error.what());
  const bool told = pool.counts.last_failure == why;
  pool.counts.last_failure = why;
  const Milliseconds back_off{250LL << std::min(pool.attempts++, 8)};
  pool.next_attempt = surroundings_.clock.now() + std::min(back_off, longest_back_off);
  if (error.kind() == ErrorKind::not_found) {
    return;  // its image is still to come, and then resumes it
  }
  ++pool.counts.failures;
  if (told) {
    return;
  }
  surroundings_.log("pool of " + pool.settings.image.text() + " on " + pool.settings.plan.name + ": " + why);
}

void Pools::give_up(const InstanceId& id) {
  const InstanceId leaving = id;  // `id` may lie in the list it is taken from
  if (const auto found = ready_.find(leaving); found != ready_.end()) {
    found->second->ready.remove(leaving);
    ready_.erase(found);
  }
  leaving_.insert(leaving);
  surroundings_.links.drop(leaving);
  surroundings_.tasks.spawn(destroy(leaving));
}

// Again until it works: nobody else knows of it.
async::Task<> Pools::destroy(InstanceId id) {
  for (;;) {
    try {
      co_await surroundings_.runtime.destroy(id);
      break;
    } catch (const Error& error) {
      surroundings_.log("instance " + id.text() + ": " + error.what());
    }
    co_await async::pause_for(Seconds{1});
  }
  leaving_.erase(id);
  changed_.fire();
}

}  // namespace berth::core
