// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the verbs of SqlTransaction run, for the sources that hold them.

#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/storable.h"
#include "stores/sql/transaction.h"

namespace berth::stores::sql {

template <class Verb>
auto SqlTransaction::guard(Verb verb) {
  if (fault_) {
    std::rethrow_exception(fault_);
  }
  try {
    return verb();
  } catch (...) {
    fault_ = std::current_exception();
    throw;
  }
}

template <class Row>
void SqlTransaction::put(const Row& row) {
  guard([&] {
    core::require_storable(row);
    connection_.execute(upsert(row));
  });
}

template <class Row>
std::vector<Row> SqlTransaction::list(Query query) {
  return guard([&] {
    std::vector<Row> rows;
    connection_.execute(std::move(query), kinds_of<Row>(),
                        [&](std::span<const Value> values) { rows.push_back(read_row<Row>(values)); });
    return rows;
  });
}

template <class Row>
std::optional<Row> SqlTransaction::find(Query query) {
  std::vector<Row> rows = list<Row>(std::move(query));
  return rows.empty() ? std::nullopt : std::optional<Row>(std::move(rows.front()));
}

}  // namespace berth::stores::sql
