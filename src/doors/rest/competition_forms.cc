// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/competition_forms.h"

#include <algorithm>
#include <set>

namespace berth::doors::rest {
namespace {

Seconds whole(Milliseconds time) { return std::chrono::duration_cast<Seconds>(time); }

StandingForm form_of_standing(const core::Standing& standing) {
  StandingForm form{.rank = standing.rank,
                    .name = standing.participant.name,
                    .region = standing.participant.region,
                    .solved = standing.labs.size(),
                    .seconds = whole(standing.total),
                    .labs = {}};
  for (const auto& [lab, taken] : standing.labs) {
    form.labs[lab] = whole(taken);
  }
  return form;
}

std::string cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").contains(text.front())) {
    text.insert(text.begin(), '\'');
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '"');
  }
  return '"' + text + '"';
}

}  // namespace

CompetitionSummaryForm summary_of(const core::CompetitionPage& page) {
  const core::CompetitionDefinition& definition = page.competition.definition;
  return {.name = page.competition.name,
          .title = definition.title,
          .team_size = definition.team_size,
          .windows = definition.windows,
          .public_board = definition.public_board,
          .region = page.mine ? std::optional(page.mine->region) : std::nullopt};
}

CompetitionForm form_of(const core::CompetitionPage& page) {
  const core::CompetitionDefinition& definition = page.competition.definition;
  CompetitionForm form{.name = page.competition.name,
                       .title = definition.title,
                       .text = definition.text,
                       .labs = {},
                       .team_size = definition.team_size,
                       .windows = definition.windows,
                       .public_board = definition.public_board,
                       .freeze_at = definition.freeze_at,
                       .seconds_between_checks = definition.seconds_between_checks,
                       .hints = definition.hints,
                       .hidden = definition.hidden,
                       .participants = page.participants,
                       .mine = {},
                       .created_at = page.competition.created_at};
  for (const core::CompetitionLab& lab : page.labs) {
    form.labs.push_back({lab.name, lab.title, lab.taken ? std::optional(whole(*lab.taken)) : std::nullopt});
  }
  if (page.mine) {
    const core::CompetitionWindow* window = core::find_window(definition, page.mine->region);
    form.mine = {.name = page.mine->name,
                 .window = window == nullptr ? core::CompetitionWindow{} : *window,
                 .code = page.mine->code.empty() ? std::nullopt : std::optional(page.mine->code),
                 .members = page.members};
  }
  return form;
}

// Of labs that are hidden as yet, nothing is told.
BoardForm form_of(const core::Board& board) {
  const core::CompetitionDefinition& definition = board.competition.definition;
  BoardForm form{.name = board.competition.name,
                 .title = definition.title,
                 .windows = definition.windows,
                 .freeze_at = definition.freeze_at,
                 .frozen = board.frozen,
                 .labs = board.labs,
                 .standings = {}};
  for (const core::Standing& standing : board.standings) {
    form.standings.push_back(form_of_standing(standing));
    std::erase_if(form.standings.back().labs,
                  [&](const auto& lab) { return std::ranges::find(board.labs, lab.first) == board.labs.end(); });
  }
  return form;
}

ResultForm form_of(const core::Result& result) { return {form_of_standing(result.standing), result.members}; }

std::string csv_of(const std::vector<core::Result>& results) {
  std::set<std::string> labs;
  for (const core::Result& result : results) {
    for (const auto& [lab, taken] : result.standing.labs) {
      labs.insert(lab);
    }
  }
  std::string text = "rank,name,region,members,solved,seconds";
  for (const std::string& lab : labs) {
    text += "," + cell(lab);
  }
  for (const core::Result& result : results) {
    const StandingForm standing = form_of_standing(result.standing);
    std::string members;
    for (const std::string& member : result.members) {
      members += (members.empty() ? "" : "; ") + member;
    }
    text += "\r\n" + std::to_string(standing.rank) + "," + cell(standing.name) + "," + cell(standing.region) + "," +
            cell(members) + "," + std::to_string(standing.solved) + "," + std::to_string(standing.seconds.count());
    for (const std::string& lab : labs) {
      const auto found = standing.labs.find(lab);
      text += "," + (found == standing.labs.end() ? "" : std::to_string(found->second.count()));
    }
  }
  return text + "\r\n";
}

}  // namespace berth::doors::rest
