// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/store.h"

namespace berth::stores::memory {

// A store that forgets everything at its end, for tests: the same semantics as one with a database (the contract suite
// holds it to that), but `work` runs on the thread of the caller, all callers on one event thread.
std::unique_ptr<core::Store> open();

}  // namespace berth::stores::memory
