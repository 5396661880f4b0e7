// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <optional>

#include "base/clock.h"

namespace berth::core {

// Whether the terminals of an instance are recorded, and who sees that: nobody but its owner and the administrators, or
// everybody, at once or from a date on.
enum class RecordingKind { none, private_, embargoed, public_ };
BOOST_DESCRIBE_ENUM(RecordingKind, none, private_, embargoed, public_)

struct RecordingPolicy {
  RecordingKind kind = RecordingKind::none;
  std::optional<TimePoint> until;  // of an embargoed one; none: for ever

  bool operator==(const RecordingPolicy&) const = default;
};
BOOST_DESCRIBE_STRUCT(RecordingPolicy, (), (kind, until))

}  // namespace berth::core
