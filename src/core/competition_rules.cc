// SPDX-License-Identifier: Apache-2.0
#include "core/competition_rules.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace berth::core {
namespace {

constexpr std::size_t longest_title = 100;
constexpr std::size_t longest_text = 64U * 1024;
constexpr std::size_t most_labs = 100;
constexpr std::size_t most_windows = 50;
constexpr std::uint32_t largest_team = 100;
constexpr std::uint32_t slowest_pace = 3600;

bool has_lab(const CompetitionDefinition& definition, const std::string& lab) {
  return std::ranges::find(definition.labs, lab) != definition.labs.end();
}

void find_window_faults(const CompetitionDefinition& definition, std::vector<std::string>& faults) {
  if (definition.windows.empty() || definition.windows.size() > most_windows) {
    faults.emplace_back("windows: give 1 to " + std::to_string(most_windows));
  }
  std::set<std::string> regions;
  for (const CompetitionWindow& window : definition.windows) {
    if (window.begin >= window.end) {
      faults.emplace_back("windows: each begins before it ends");
    }
    if (!regions.insert(window.region).second) {
      faults.emplace_back("windows: each has a region of its own");
    }
    if (window.region.size() > 64 || (window.region.empty() && definition.windows.size() > 1)) {
      faults.emplace_back("windows: a region is a name of 1 to 64 bytes");
    }
  }
}

// All at a lab, of one participant or of everybody who takes part.
std::vector<Attempt> attempts_in(Transaction& transaction, const std::string& competition,
                                 const std::optional<std::string>& participant, const std::string& lab) {
  std::vector<Attempt> attempts;
  for (const Membership& each : transaction.list_memberships({.account = {}, .competition = competition})) {
    if (!participant || each.participant == *participant) {
      std::ranges::move(
          transaction.list_attempts({.account = each.account, .lab_name = lab, .states = {}, .before = {}, .limit = 0}),
          std::back_inserter(attempts));
    }
  }
  return attempts;
}

// When the participant last asked for a check of the lab that was judged, in whichever attempt.
std::optional<TimePoint> last_check(Transaction& transaction, const Entry& entry, const std::string& lab) {
  std::optional<TimePoint> last;
  for (const Attempt& attempt : attempts_in(transaction, entry.competition.name, entry.participant.id, lab)) {
    for (const Check& check : transaction.list_checks(attempt.id)) {
      if (check.verdict != Verdict::fault && (!last || *last < check.at)) {
        last = check.at;
      }
    }
  }
  return last;
}

std::vector<InstanceId> machines_used(Transaction& transaction, const Competition& competition) {
  std::vector<InstanceId> machines;
  for (const std::string& lab : competition.definition.labs) {
    for (const Attempt& attempt : attempts_in(transaction, competition.name, {}, lab)) {
      std::ranges::transform(attempt.machines, std::back_inserter(machines), &AttemptMachine::instance);
    }
  }
  return machines;
}

}  // namespace

std::vector<std::string> faults_of(const std::string& name, const CompetitionDefinition& definition) {
  std::vector<std::string> faults;
  if (!is_name(name)) {
    faults.emplace_back("the name of a competition is made of a-z, 0-9, '.', '_' and '-', at most 64 of them");
  }
  if (definition.title.empty() || definition.title.size() > longest_title) {
    faults.emplace_back("title: give 1 to " + std::to_string(longest_title) + " bytes");
  }
  if (definition.text.size() > longest_text) {
    faults.emplace_back("text: at most " + std::to_string(longest_text) + " bytes");
  }
  const std::set<std::string> labs(definition.labs.begin(), definition.labs.end());
  if (labs.empty() || labs.size() != definition.labs.size() || labs.size() > most_labs) {
    faults.emplace_back("labs: give 1 to " + std::to_string(most_labs) + " names, each once");
  }
  if (definition.team_size == 0 || definition.team_size > largest_team) {
    faults.emplace_back("team_size: 1 (everybody alone) to " + std::to_string(largest_team));
  }
  if (definition.seconds_between_checks > slowest_pace) {
    faults.emplace_back("seconds_between_checks: at most " + std::to_string(slowest_pace));
  }
  find_window_faults(definition, faults);
  return faults;
}

const CompetitionWindow* find_window(const CompetitionDefinition& definition, const std::string& region) {
  const auto found = std::ranges::find(definition.windows, region, &CompetitionWindow::region);
  return found == definition.windows.end() ? nullptr : &*found;
}

bool is_within(const CompetitionWindow& window, TimePoint time) { return window.begin <= time && time < window.end; }

TimePoint last_end(const CompetitionDefinition& definition) {
  return std::ranges::max(definition.windows, {}, &CompetitionWindow::end).end;
}

bool hides_labs(const CompetitionDefinition& definition, const std::optional<std::string>& region, TimePoint now) {
  const CompetitionWindow* mine = region ? find_window(definition, *region) : nullptr;
  const TimePoint shown_from =
      mine != nullptr ? mine->begin : std::ranges::max(definition.windows, {}, &CompetitionWindow::begin).begin;
  return definition.hidden && now < shown_from;
}

std::set<std::string> hidden_labs(Transaction& transaction, const AccountId& account, TimePoint now) {
  std::set<std::string> labs;
  for (const Competition& competition : transaction.list_competitions()) {
    std::optional<std::string> region;
    if (competition.definition.hidden) {
      for (const Membership& each :
           transaction.list_memberships({.account = account, .competition = competition.name})) {
        region = transaction.find_participant(each.participant).value().region;
      }
    }
    if (hides_labs(competition.definition, region, now)) {
      labs.insert(competition.definition.labs.begin(), competition.definition.labs.end());
    }
  }
  return labs;
}

std::vector<Entry> entries_of(Transaction& transaction, const Attempt& attempt, TimePoint time) {
  std::vector<Entry> entries;
  for (const Membership& each : transaction.list_memberships({.account = attempt.account, .competition = {}})) {
    Entry entry{transaction.find_competition(each.competition).value(),
                transaction.find_participant(each.participant).value()};
    const CompetitionDefinition& definition = entry.competition.definition;
    const CompetitionWindow* window = find_window(definition, entry.participant.region);
    const bool began_in_time = each.joined_at <= attempt.created_at;
    if (window != nullptr && began_in_time && has_lab(definition, attempt.lab_name) &&
        is_within(*window, attempt.created_at) && is_within(*window, time)) {
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

void count_solve(Transaction& transaction, const Attempt& attempt, const Check& check) {
  for (const Entry& entry : entries_of(transaction, attempt, check.at)) {
    const Solve solve{.id = solve_id(entry.participant.id, attempt.lab_name),
                      .competition = entry.competition.name,
                      .participant = entry.participant.id,
                      .lab = attempt.lab_name,
                      .account = attempt.account,
                      .attempt = attempt.id,
                      .at = check.at};
    const auto before = transaction.find_solve(solve.id);
    if (!before || solve.at < before->at) {
      transaction.put_solve(solve);
    }
  }
}

void require_pace(Transaction& transaction, const Attempt& attempt, TimePoint now) {
  for (const Entry& entry : entries_of(transaction, attempt, now)) {
    const Seconds pace{entry.competition.definition.seconds_between_checks};
    const auto last = pace == Seconds{0} ? std::nullopt : last_check(transaction, entry, attempt.lab_name);
    if (last && now < *last + pace) {
      const auto left = std::chrono::ceil<Seconds>(*last + pace - now);
      throw Error(ErrorKind::exhausted, "this competition leaves " + std::to_string(pace.count()) +
                                            " seconds between checks; check again in " + std::to_string(left.count()));
    }
  }
}

void require_hints(Transaction& transaction, const Attempt& attempt, TimePoint now) {
  for (const Entry& entry : entries_of(transaction, attempt, now)) {
    if (!entry.competition.definition.hints) {
      throw Error(ErrorKind::forbidden, "there are no hints in this competition");
    }
  }
}

RecordingPolicy under_embargo(Transaction& transaction, const Attempt& attempt, RecordingPolicy policy) {
  using enum RecordingKind;
  if (policy.kind != public_ && policy.kind != embargoed) {
    return policy;  // nobody else sees it anyhow
  }
  for (const Entry& entry : entries_of(transaction, attempt, attempt.created_at)) {
    const TimePoint end = last_end(entry.competition.definition);
    const bool forever = policy.kind == embargoed && !policy.until;
    if (!forever) {
      policy = {.kind = embargoed, .until = std::max(policy.until.value_or(end), end)};
    }
  }
  return policy;
}

void move_embargoes(Transaction& transaction, const Competition& competition, TimePoint before) {
  const RecordingPolicy old{.kind = RecordingKind::embargoed, .until = before};
  const RecordingPolicy moved{.kind = RecordingKind::embargoed, .until = last_end(competition.definition)};
  for (const InstanceId& machine : machines_used(transaction, competition)) {
    auto instance = transaction.find_instance(machine);
    if (instance && instance->recording == old) {
      instance->recording = moved;
      transaction.put_instance(*instance);
    }
    for (Recording& recording : transaction.list_recordings({.instance = machine, .words = {}, .limit = 0})) {
      if (recording.policy == old) {
        recording.policy = moved;
        transaction.put_recording(recording);
      }
    }
  }
}

std::vector<Standing> rank(const CompetitionDefinition& definition, const std::vector<Participant>& participants,
                           const std::vector<Solve>& solves, std::optional<TimePoint> cutoff) {
  std::map<std::string, Standing> by_participant;
  for (const Participant& participant : participants) {
    by_participant[participant.id].participant = participant;
  }
  for (const Solve& solve : solves) {
    const auto found = by_participant.find(solve.participant);
    if (found == by_participant.end() || !has_lab(definition, solve.lab) || (cutoff && solve.at >= *cutoff)) {
      continue;
    }
    const CompetitionWindow* window = find_window(definition, found->second.participant.region);
    const Milliseconds taken =
        window == nullptr ? Milliseconds{0} : std::max(solve.at - window->begin, Milliseconds{0});
    found->second.labs[solve.lab] = taken;
    found->second.total += taken;
  }
  std::vector<Standing> standings;
  for (auto& [id, standing] : by_participant) {
    standings.push_back(std::move(standing));
  }
  const auto merit = [](const Standing& each) {
    return std::pair(-static_cast<std::int64_t>(each.labs.size()), each.total);
  };
  std::ranges::sort(standings, {}, [&](const Standing& each) {
    return std::tuple(merit(each), each.participant.name, each.participant.id);
  });
  for (std::size_t place = 0; place < standings.size(); ++place) {
    const bool equal = place > 0 && merit(standings[place]) == merit(standings[place - 1]);
    standings[place].rank = equal ? standings[place - 1].rank : place + 1;
  }
  return standings;
}

}  // namespace berth::core
