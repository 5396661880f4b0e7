// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of competitions: see forms.h.

#include <map>

#include "core/competitions.h"
#include "doors/rest/forms.h"

namespace berth::doors::rest {

struct CompetitionSummaryForm {
  std::string name;
  std::string title;
  std::uint32_t team_size = 1;
  std::vector<core::CompetitionWindow> windows;
  bool public_board = false;
  std::optional<std::string> region;
};
BOOST_DESCRIBE_STRUCT(CompetitionSummaryForm, (), (name, title, team_size, windows, public_board, region))

struct CompetitionLabForm {
  std::string name;
  std::string title;
  std::optional<Seconds> seconds;
};
BOOST_DESCRIBE_STRUCT(CompetitionLabForm, (), (name, title, seconds))

struct ParticipantForm {
  std::string name;
  core::CompetitionWindow window;
  std::optional<std::string> code;
  std::vector<std::string> members;
};
BOOST_DESCRIBE_STRUCT(ParticipantForm, (), (name, window, code, members))

struct CompetitionForm {
  std::string name;
  std::string title;
  std::string text;
  std::vector<CompetitionLabForm> labs;
  std::uint32_t team_size = 1;
  std::vector<core::CompetitionWindow> windows;
  bool public_board = false;
  std::optional<TimePoint> freeze_at;
  std::uint32_t seconds_between_checks = 0;
  bool hints = true;
  bool hidden = false;
  std::uint64_t participants = 0;
  std::optional<ParticipantForm> mine;
  TimePoint created_at;
};
BOOST_DESCRIBE_STRUCT(CompetitionForm, (),
                      (name, title, text, labs, team_size, windows, public_board, freeze_at, seconds_between_checks,
                       hints, hidden, participants, mine, created_at))

struct JoinForm {
  std::optional<std::string> name;
  std::optional<std::string> code;
  std::optional<std::string> region;
};
BOOST_DESCRIBE_STRUCT(JoinForm, (), (name, code, region))

struct StandingForm {
  std::uint64_t rank = 0;
  std::string name;
  std::string region;
  std::uint64_t solved = 0;
  Seconds seconds{};
  std::map<std::string, Seconds> labs;
};
BOOST_DESCRIBE_STRUCT(StandingForm, (), (rank, name, region, solved, seconds, labs))

struct BoardForm {
  std::string name;
  std::string title;
  std::vector<core::CompetitionWindow> windows;
  std::optional<TimePoint> freeze_at;
  bool frozen = false;
  std::vector<std::string> labs;
  std::vector<StandingForm> standings;
};
BOOST_DESCRIBE_STRUCT(BoardForm, (), (name, title, windows, freeze_at, frozen, labs, standings))

struct ResultForm {
  StandingForm standing;
  std::vector<std::string> members;
};
BOOST_DESCRIBE_STRUCT(ResultForm, (), (standing, members))

CompetitionSummaryForm summary_of(const core::CompetitionPage& page);
CompetitionForm form_of(const core::CompetitionPage& page);
BoardForm form_of(const core::Board& board);
ResultForm form_of(const core::Result& result);
// One line for each, RFC 4180; no cell is a formula to a spreadsheet.
std::string csv_of(const std::vector<core::Result>& results);

}  // namespace berth::doors::rest
