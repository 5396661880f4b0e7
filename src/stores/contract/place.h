// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "core/store.h"
#include "stores/sql/sql_store.h"

namespace berth::stores::contract {

// Where a store lives during one test. Outlives the stores it opened; takes everything away at its end.
class Place {
 public:
  virtual ~Place() = default;
  // Again: what an earlier store of this place committed is there.
  virtual std::unique_ptr<core::Store> open(const async::Executor& executor) = 0;
};

class DatabasePlace : public Place {
 public:
  virtual sql::Settings settings() const = 0;
  // Runs a statement on the database, past the store.
  virtual void run(const std::string& statement) = 0;
  std::unique_ptr<core::Store> open(const async::Executor& executor) override {
    return sql::open(settings(), executor);
  }
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Place>()> make_place;
};

// Every kind of store there is.
std::vector<Kind> all_kinds();
// Those with a database, which outlives the program: their places are DatabasePlaces.
std::vector<Kind> database_kinds();

}  // namespace berth::stores::contract
