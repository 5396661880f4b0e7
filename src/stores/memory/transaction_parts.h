// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the verbs of MemoryTransaction run, for the sources that hold them.

#include <exception>
#include <vector>

#include "stores/memory/transaction.h"

namespace berth::stores::memory {

// The rows that `wanted` picks, in the order of their keys, at most `limit` (0: all).
template <class Rows, class Wanted>
auto pick(const Rows& rows, std::size_t limit, Wanted wanted) {
  std::vector<typename Rows::mapped_type> picked;
  for (const auto& [key, row] : rows) {
    if (limit != 0 && picked.size() == limit) {
      break;
    }
    if (wanted(row)) {
      picked.push_back(row);
    }
  }
  return picked;
}

template <class Verb>
auto MemoryTransaction::guard(Verb verb) {
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

}  // namespace berth::stores::memory
