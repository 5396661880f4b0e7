// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace berth::core {

// waiting → running → solved → ended; before it is solved an attempt may expire, be given up or fail. One at a
// resumable lab can also be `stopped`, with its machines in grace, and goes from there to waiting again.
enum class AttemptState { waiting, running, stopped, solved, ended, expired, given_up, failed };
BOOST_DESCRIBE_ENUM(AttemptState, waiting, running, stopped, solved, ended, expired, given_up, failed)

struct AttemptMachine {
  std::string name;
  InstanceId instance;
};
BOOST_DESCRIBE_STRUCT(AttemptMachine, (), (name, instance))

using AttemptMachines = std::vector<AttemptMachine>;

// One try of one account at one version of a lab. An account has one at a lab that is not over.
struct Attempt {
  AttemptId id;
  AccountId account;
  LabId lab;
  std::string lab_name;
  AttemptState state = AttemptState::waiting;
  std::optional<std::string> reason;  // why it ended, failed or was stopped
  AttemptMachines machines;           // empty until they are asked for
  std::uint32_t hints = 0;            // taken
  std::uint32_t steps_done = 0;       // of a guided lab
  std::uint32_t checks = 0;           // without faults
  TimePoint created_at;
  std::optional<TimePoint> started_at;  // when all machines ran, the first time
  std::optional<TimePoint> expires_at;  // of the session: resumed, it has the same time again
  std::optional<TimePoint> stopped_at;  // until it runs again
  Seconds paused{};                     // in all, before it was solved
  std::optional<TimePoint> kept_until;  // while it is stopped: then its machines are gone
  std::optional<TimePoint> notice_at;   // when that is to be told; none: it was, or there is nothing to tell
  std::optional<TimePoint> solved_at;   // when the check that found it solved was asked for
  std::optional<TimePoint> ended_at;
};

// Whether its machines are still there, or will be.
constexpr bool is_over(AttemptState state) { return state > AttemptState::solved; }

inline std::vector<AttemptState> states_under_way() {
  return {AttemptState::waiting, AttemptState::running, AttemptState::stopped, AttemptState::solved};
}

// How long a solved one took: while it is stopped, its clock stands still.
inline std::optional<Seconds> time_taken(const Attempt& attempt) {
  if (!attempt.started_at || !attempt.solved_at) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<Seconds>(*attempt.solved_at - *attempt.started_at) - attempt.paused;
}

// `fault`: it could not be checked, which is never the learner's fault. `pending`: asked for and not judged yet, which
// only those see who carry it out.
enum class Verdict { solved, not_yet, fault, pending };
BOOST_DESCRIBE_ENUM(Verdict, solved, not_yet, fault, pending)

struct Check {
  std::string id;
  AttemptId attempt;
  TimePoint at;  // when it was asked for
  Verdict verdict = Verdict::fault;
  std::uint32_t step = 0;  // of a guided lab, from 1
  std::string reason;      // for the learner
  std::uint64_t milliseconds = 0;
};

}  // namespace berth::core
