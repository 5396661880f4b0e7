// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "async/task.h"
#include "base/descriptor.h"

namespace berth::runtimes::fake {

// Both ends of a real TCP connection over loopback, so that whoever gets one may treat it as one.
std::pair<Descriptor, Descriptor> tcp_pair();
// Returns what it is sent, until its peer ends or the event loop does.
void echo(const async::Executor& executor, Descriptor connection);
// A pipe from which `bytes` can be read.
Descriptor pipe_with(const async::Executor& executor, std::string bytes);

}  // namespace berth::runtimes::fake
