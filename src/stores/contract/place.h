// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "core/store.h"

namespace berth::stores::contract {

// Where a store lives during one test. Outlives the stores it opened; takes everything away at its end.
class Place {
 public:
  virtual ~Place() = default;
  // Again: what an earlier store of this place committed is there.
  virtual std::unique_ptr<core::Store> open(const async::Executor& executor) = 0;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Place>()> make_place;
};

// Every kind of store there is.
std::vector<Kind> all_kinds();

}  // namespace berth::stores::contract
