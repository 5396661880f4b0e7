// SPDX-License-Identifier: Apache-2.0
#pragma once

// What services.cc and visit.cc share; nobody else includes it.

#include <algorithm>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/services.h"

namespace berth::core {

// One instance of a service, from when it is asked for until it is ended.
struct Services::Place {
  Place(SharedOpen of, std::string for_key, TimePoint now, const async::Executor& executor)
      : open(std::move(of)), key(std::move(for_key)), begun(now), left_at(now), changed(executor) {}

  SharedOpen open;
  std::string key;
  InstanceId id;
  bool running = false;
  bool over = false;
  std::optional<Error> failure;  // it never ran
  TimePoint begun;
  TimePoint left_at;  // by the last visit
  std::set<Visit*> visits;
  async::Trigger changed;

  Milliseconds idle(TimePoint now) const {
    if (!running) {
      return Milliseconds{0};
    }
    Milliseconds least = visits.empty() ? now - left_at : Milliseconds::max();
    for (const Visit* visit : visits) {
      least = std::min(least, visit->idle_ ? visit->idle_() : Milliseconds{0});
    }
    return least;
  }
};

struct Services::Open {
  Open(const Service& what, const Plan& its_plan, const async::Executor& executor)
      : service(what), plan(plan_of(what, its_plan)), changed(executor) {}

  PoolSettings pool() const {
    return {.image = ImageName(service.image),
            .plan = plan,
            .launch = service.launch,
            .least = std::min(service.least_ready, service.max_instances),
            .most = std::min(service.most_ready, service.max_instances)};
  }

  Service service;
  Plan plan;
  std::list<std::shared_ptr<Place>> places;  // oldest first
  std::size_t waiting = 0;
  std::string last_failure;  // since it last went well
  ServiceStatus counts;
  async::Trigger changed;  // an instance began to run, or ended
};

}  // namespace berth::core
