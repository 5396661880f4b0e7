// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/agent_links.h"
#include "core/instance.h"
#include "core/start_slots.h"

namespace berth::core {

// What the instances of a pool are made of, and how many are kept ready.
struct PoolSettings {
  ImageName image;
  Plan plan;
  Launch launch;
  std::uint32_t least = 0;  // always ready
  std::uint32_t most = 0;   // ready at times of demand
};

struct PoolStatus {
  PoolSettings settings;
  std::size_t ready = 0;
  std::size_t making = 0;
  std::size_t wanted = 0;      // ready ones, at the demand of now
  std::uint64_t leased = 0;    // given away since the start
  std::uint64_t missed = 0;    // asked for while none was ready
  std::uint64_t failures = 0;  // of making one, since the start
  std::string last_failure;    // empty: the last one was made
};

// Ready instances, so that a lease takes no time. They belong to nobody, have no row in the store (a new berthd
// destroys and makes them anew), and what was leased never comes back. Lives as long as the server, on the event
// thread.
class Pools {
 public:
  struct Surroundings {
    Runtime& runtime;
    AgentLinks& links;
    StartSlots& slots;
    const Clock& clock;
    async::TaskGroup& tasks;
    std::function<void(const std::string&)> log;
    std::function<bool()> short_of_memory;  // the host: nothing is made then, and some given up
  };
  explicit Pools(Surroundings surroundings);

  // Those with the same image, plan and launch are one, with the greatest numbers of all.
  void add(const PoolSettings& settings);
  // Takes back what was added; without any other that wants it, the pool is emptied.
  void remove(const PoolSettings& settings);
  // A ready one for the instance, which has its id from then on. Until keep() or put_back() it still counts as ours.
  std::optional<InstanceId> take(const Instance& instance);
  // Whether it still runs.
  bool keep(const InstanceId& id);
  void put_back(const InstanceId& id);
  // Whether it is ours, so that nobody else destroys it.
  bool holds(const InstanceId& id) const;
  // It ended by itself.
  void ended(const InstanceId& id);
  std::vector<InstanceId> ready() const;
  // Destroys those made of the image, and makes none of it until resume().
  void suspend(const ImageName& image);
  void resume(const ImageName& image);
  std::vector<PoolStatus> statuses() const;
  // How many are ready, of all.
  std::size_t size() const;
  // At most this many in all from now on.
  void set_room(std::size_t room);

  // Fills and empties until cancelled.
  async::Task<> run();
  // Once a second: follows demand and memory.
  void tick();

 private:
  struct Marks {
    std::uint32_t least = 0;
    std::uint32_t most = 0;
    bool operator==(const Marks&) const = default;
  };
  struct Pool {
    PoolSettings settings;
    std::vector<Marks> wishes;  // of those who added it; none: it goes when nothing refers to it any more
    std::list<InstanceId> ready;
    std::size_t making = 0;
    std::size_t made_for = 0;  // its generation: raised when what is made no longer counts
    double demand = 0;         // leases in a second
    std::uint32_t asked = 0;   // since the last tick
    bool filling = false;      // fell below its low mark, and is on its way to the high one
    PoolStatus counts;
    int attempts = 0;  // failed ones in a row
    TimePoint next_attempt;
  };

  std::list<Pool>::iterator find(const PoolSettings& settings);
  void set_marks(Pool& pool);
  void empty(Pool& pool);
  void forget_removed();
  static std::size_t wanted(const Pool& pool);
  bool wants_more(Pool& pool) const;
  async::Task<> something_new(unsigned long changes_seen, unsigned long slots_seen);
  void fill();
  async::Task<> make(Pool& pool, StartSlots::Slot slot);
  async::Task<> prepare(InstanceId id, InstanceSpec spec, Launch launch);
  void failed(Pool& pool, const Error& error);
  void give_up(const InstanceId& id);
  async::Task<> destroy(InstanceId id);
  void shrink(Pool& pool);

  Surroundings surroundings_;
  std::list<Pool> pools_;
  std::set<InstanceId> making_;
  std::map<InstanceId, Pool*> ready_;
  std::map<InstanceId, Pool*> taken_;  // until it is known whether the lease was stored
  TimePoint last_lease_;               // from any of them
  std::set<InstanceId> died_;          // of the taken ones
  std::set<InstanceId> leaving_;
  std::set<ImageName> suspended_;
  std::size_t room_ = 0;
  async::Trigger changed_;
};

// What the runtime is asked for.
InstanceSpec spec_of(const ImageName& image, const std::string& name, const Plan& plan, const Launch& launch);

}  // namespace berth::core
