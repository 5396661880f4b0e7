// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the verbs of MemoryTransaction run, for the sources that hold them.

#include <exception>

#include "stores/memory/transaction.h"

namespace berth::stores::memory {

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
