// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <optional>
#include <string_view>

namespace berth::core {

// The life of an instance. `grace`: the lease is over, the disk is kept a while. `gone` is for good.
enum class InstanceState { queued, starting, running, asleep, stopped, grace, failed, gone };
BOOST_DESCRIBE_ENUM(InstanceState, queued, starting, running, asleep, stopped, grace, failed, gone)

enum class InstanceEvent {
  admit,    // the host has room
  lease,    // a ready one from a pool is given to it
  started,  // its agent answered
  fail,     // it cannot be made or kept running
  exited,   // it ended by itself
  stop,
  start,
  pause,
  resume,
  extend,  // more time on the lease
  expire,  // the lease is over
  grace_over,
  destroy,
};
BOOST_DESCRIBE_ENUM(InstanceEvent, admit, lease, started, fail, exited, stop, start, pause, resume, extend, expire,
                    grace_over, destroy)

// The one table: the state after `event` in `state`, or nothing when that event is not possible there.
std::optional<InstanceState> next_state(InstanceState state, InstanceEvent event);

// Whether an instance in this state takes up memory and processor of the host.
bool is_active(InstanceState state);

}  // namespace berth::core
