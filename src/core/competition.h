// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"

namespace berth::core {

// When those of a region compete: from `begin` to the last millisecond before `end`.
struct CompetitionWindow {
  std::string region;  // may be empty when there is but one window
  TimePoint begin;
  TimePoint end;
};
BOOST_DESCRIBE_STRUCT(CompetitionWindow, (), (region, begin, end))

struct CompetitionDefinition {
  std::string title;
  std::string text;               // Markdown
  std::vector<std::string> labs;  // names; the version that is published at an attempt's start counts
  std::uint32_t team_size = 1;    // at most so many in a team; 1: everybody for themselves
  std::vector<CompetitionWindow> windows;
  bool public_board = false;                 // shown without signing in
  std::optional<TimePoint> freeze_at;        // from then to the end the board shows what it showed then
  std::uint32_t seconds_between_checks = 0;  // at least
  bool hints = true;
  bool hidden = false;  // its labs are not in the catalogue before it begins
};
BOOST_DESCRIBE_STRUCT(CompetitionDefinition, (),
                      (title, text, labs, team_size, windows, public_board, freeze_at, seconds_between_checks, hints,
                       hidden))

struct Competition {
  std::string name;
  CompetitionDefinition definition;
  TimePoint created_at;
};

// Who is ranked: an account alone, or a team.
struct Participant {
  std::string id;
  std::string competition;
  std::string name;    // as the board shows it
  std::string region;  // of its window
  std::string code;    // which lets others into the team; empty: nobody
  TimePoint created_at;
};

// That an account takes part, once in a competition.
struct Membership {
  std::string id;  // membership_id()
  std::string competition;
  AccountId account;
  std::string participant;
  TimePoint joined_at;
};

// That a participant solved a lab, counted once.
struct Solve {
  std::string id;  // solve_id()
  std::string competition;
  std::string participant;
  std::string lab;
  AccountId account;
  AttemptId attempt;
  TimePoint at;  // when the check was asked for
};

inline std::string membership_id(const std::string& competition, const AccountId& account) {
  return competition + ":" + account.text();
}

inline std::string solve_id(const std::string& participant, const std::string& lab) { return participant + ":" + lab; }

}  // namespace berth::core
