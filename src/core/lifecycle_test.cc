// SPDX-License-Identifier: Apache-2.0
#include "core/lifecycle.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace berth::core {
namespace {

constexpr std::string_view events[] = {"admit", "lease",  "started", "fail",   "exited",     "stop",   "start",
                                       "pause", "resume", "extend",  "expire", "grace_over", "destroy"};
constexpr std::string_view states[] = {"queued", "starting", "running", "asleep", "stopped", "grace", "failed", "gone"};

// The whole table as people read it: a row for each state, a column for each event, "-" where nothing happens.
constexpr std::string_view expected[8][13] = {
    /* queued   */ {"starting", "running", "-", "failed", "-", "stopped", "-", "-", "-", "queued", "grace", "-",
                    "gone"},
    /* starting */
    {"-", "-", "running", "failed", "failed", "stopped", "-", "-", "-", "starting", "grace", "-", "gone"},
    /* running  */ {"-", "-", "-", "failed", "stopped", "stopped", "-", "asleep", "-", "running", "grace", "-", "gone"},
    /* asleep   */ {"-", "-", "-", "failed", "stopped", "stopped", "-", "-", "running", "asleep", "grace", "-", "gone"},
    /* stopped  */ {"-", "-", "-", "-", "-", "-", "queued", "-", "-", "stopped", "grace", "-", "gone"},
    /* grace    */ {"-", "-", "-", "-", "-", "-", "-", "-", "-", "stopped", "-", "gone", "gone"},
    /* failed   */ {"-", "-", "-", "-", "-", "-", "queued", "-", "-", "failed", "grace", "-", "gone"},
    /* gone     */ {"-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"},
};

TEST(Lifecycle, every_state_and_event_leads_where_the_table_says) {
  for (std::size_t row = 0; row < std::size(states); ++row) {
    for (std::size_t column = 0; column < std::size(events); ++column) {
      const auto next = next_state(static_cast<InstanceState>(row), static_cast<InstanceEvent>(column));
      const std::string_view name = next ? states[static_cast<std::size_t>(*next)] : "-";
      EXPECT_EQ(name, expected[row][column]) << states[row] << " on " << events[column];
    }
  }
}

TEST(Lifecycle, only_what_runs_or_is_about_to_takes_room) {
  for (std::size_t row = 0; row < std::size(states); ++row) {
    const bool active = states[row] == "starting" || states[row] == "running" || states[row] == "asleep";
    EXPECT_EQ(is_active(static_cast<InstanceState>(row)), active) << states[row];
  }
}

}  // namespace
}  // namespace berth::core
