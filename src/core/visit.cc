// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "core/service_place.h"

namespace berth::core {

Visit::Visit(Services& services, std::shared_ptr<Services::Place> place)
    : services_(services), place_(std::move(place)) {
  place_->visits.insert(this);
}

Visit::~Visit() { services_.leave(*this); }

const InstanceId& Visit::instance() const { return place_->id; }

async::Task<Descriptor> Visit::connect() {
  std::optional<Error> failure;
  try {
    co_return co_await services_.surroundings_.runtime.connect(place_->id, place_->open->service.launch.port);
  } catch (const Error& error) {
    failure = error;
  }
  services_.end(place_, std::string("its service could not be reached: ") + failure->what());
  throw Error(*failure);
}

async::Task<> Visit::ended() {
  while (!place_->over) {
    co_await place_->changed.wait();
  }
}

}  // namespace berth::core
