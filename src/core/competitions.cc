// SPDX-License-Identifier: Apache-2.0
#include "core/competitions.h"

#include <algorithm>
#include <boost/algorithm/string/join.hpp>
#include <utility>

#include "base/error.h"
#include "core/storable.h"

namespace berth::core {
namespace {

[[noreturn]] void no_such_competition(const std::string& name) {
  throw Error(ErrorKind::not_found, "there is no competition '" + name.substr(0, 64) + "'");
}

void refuse_candidates(const Caller& caller) {
  if (caller.account.role == Role::candidate) {
    throw Error(ErrorKind::forbidden, "your invitation is for its labs, and for no competition");
  }
}

Competition known_competition(Transaction& transaction, const std::string& name) {
  auto found = is_name(name) ? transaction.find_competition(name) : std::nullopt;
  if (!found) {
    no_such_competition(name);
  }
  return std::move(*found);
}

std::string title_of(Transaction& transaction, const std::string& lab) {
  const auto published = transaction.list_labs({.name = lab, .states = {LabState::published}});
  return published.empty() ? lab : published.front().manifest.title;
}

// The names of all accounts that take part, by participant.
std::map<std::string, std::vector<std::string>> members_of(Transaction& transaction, const std::string& competition) {
  std::map<std::string, std::vector<std::string>> members;
  for (const Membership& each : transaction.list_memberships({.account = {}, .competition = competition})) {
    const auto account = transaction.find_account(each.account);
    members[each.participant].push_back(account ? account->name : each.account.text());
  }
  for (auto& [participant, names] : members) {
    std::ranges::sort(names);
  }
  return members;
}

// Without its labs.
CompetitionPage page_of(Transaction& transaction, const Caller& caller, Competition competition) {
  CompetitionPage page{.competition = std::move(competition), .labs = {}, .participants = 0, .mine = {}, .members = {}};
  for (const Membership& each :
       transaction.list_memberships({.account = caller.account.id, .competition = page.competition.name})) {
    page.mine = transaction.find_participant(each.participant);
  }
  return page;
}

void add_labs(Transaction& transaction, const Caller& caller, CompetitionPage& page, TimePoint now) {
  const CompetitionDefinition& definition = page.competition.definition;
  const auto region = page.mine ? std::optional(page.mine->region) : std::nullopt;
  if (hides_labs(definition, region, now) && !caller.scopes.contains(Scope::accounts_write)) {
    return;
  }
  const CompetitionWindow* window = region ? find_window(definition, *region) : nullptr;
  for (const std::string& lab : definition.labs) {
    CompetitionLab shown{.name = lab, .title = title_of(transaction, lab), .taken = {}};
    if (const auto solve = window != nullptr ? transaction.find_solve(solve_id(page.mine->id, lab)) : std::nullopt) {
      shown.taken = solve->at - window->begin;
    }
    page.labs.push_back(std::move(shown));
  }
}

void require_sound(Transaction& transaction, const std::string& name, const CompetitionDefinition& definition) {
  std::vector<std::string> faults = faults_of(name, definition);
  for (const std::string& lab : definition.labs) {
    if (!is_name(lab) || transaction.list_labs({.name = lab, .states = {LabState::published}}).empty()) {
      faults.push_back("labs: '" + lab.substr(0, 64) + "' is not published");
    }
  }
  if (!faults.empty()) {
    throw Error(ErrorKind::invalid_argument, boost::algorithm::join(faults, "; "), "definition");
  }
}

// Who has joined keeps a window and a team.
void require_kept(Transaction& transaction, const Competition& before, const CompetitionDefinition& after) {
  const auto participants = transaction.list_participants(before.name);
  if (!participants.empty() && (before.definition.team_size == 1) != (after.team_size == 1)) {
    throw Error(ErrorKind::conflict, "somebody has joined; it cannot change between teams and individuals any more");
  }
  for (const Participant& participant : participants) {
    if (find_window(after, participant.region) == nullptr) {
      throw Error(ErrorKind::conflict, "somebody has joined for region '" + participant.region + "'; keep its window");
    }
  }
}

void require_name(const std::string& name) {
  require_text(name, "name");
  const auto is_control = [](unsigned char each) { return each < 0x20 || each == 0x7f; };
  if (name.empty() || name.size() > 64 || std::ranges::any_of(name, is_control)) {
    throw Error(ErrorKind::invalid_argument, "give a name of 1 to 64 bytes without control characters", "name");
  }
}

const CompetitionWindow& open_window(const CompetitionDefinition& definition, const std::string& region,
                                     TimePoint now) {
  const bool only = region.empty() && definition.windows.size() == 1;
  const CompetitionWindow* window = only ? definition.windows.data() : find_window(definition, region);
  if (window == nullptr) {
    throw Error(ErrorKind::invalid_argument, "choose one of its regions", "region");
  }
  if (now >= window->end) {
    throw Error(ErrorKind::conflict, "it is over");
  }
  return *window;
}

Participant team_of(Transaction& transaction, const Competition& competition, const std::string& code) {
  for (Participant& each : transaction.list_participants(competition.name)) {
    if (!each.code.empty() && each.code == code) {
      if (members_of(transaction, competition.name)[each.id].size() >= competition.definition.team_size) {
        throw Error(ErrorKind::conflict, "this team is full");
      }
      return std::move(each);
    }
  }
  throw Error(ErrorKind::not_found, "no team has this code; ask for it again");
}

Participant new_participant(Transaction& transaction, const Competition& competition, const JoinRequest& request,
                            TimePoint now) {
  require_name(request.name);
  for (const Participant& each : transaction.list_participants(competition.name)) {
    if (each.name == request.name) {
      throw Error(ErrorKind::conflict, "this name is taken; choose another one");
    }
  }
  Participant participant{.id = random_name(12),
                          .competition = competition.name,
                          .name = request.name,
                          .region = open_window(competition.definition, request.region, now).region,
                          .code = competition.definition.team_size > 1 ? random_name(10) : "",
                          .created_at = now};
  transaction.put_participant(participant);
  return participant;
}

void add_member(Transaction& transaction, const Caller& caller, const Competition& competition, JoinRequest request,
                TimePoint now) {
  if (!transaction.list_memberships({.account = caller.account.id, .competition = competition.name}).empty()) {
    throw Error(ErrorKind::conflict, "you take part already");
  }
  if (request.name.empty() && competition.definition.team_size == 1) {
    request.name = caller.account.name;
  }
  const Participant participant = request.code.empty() ? new_participant(transaction, competition, request, now)
                                                       : team_of(transaction, competition, request.code);
  open_window(competition.definition, participant.region, now);
  transaction.put_membership({.id = membership_id(competition.name, caller.account.id),
                              .competition = competition.name,
                              .account = caller.account.id,
                              .participant = participant.id,
                              .joined_at = now});
}

}  // namespace

async::Task<> Competitions::open() {
  for (Competition& each :
       co_await journal_.transact([](Transaction& transaction) { return transaction.list_competitions(); })) {
    known_[each.name].competition = std::move(each);
  }
}

async::Task<std::vector<CompetitionPage>> Competitions::list(Caller caller) {
  require(caller, Scope::instances_read);
  if (caller.account.role == Role::candidate) {
    co_return std::vector<CompetitionPage>{};
  }
  co_return co_await journal_.transact([&](Transaction& transaction) {
    std::vector<CompetitionPage> pages;
    for (Competition& each : transaction.list_competitions()) {
      pages.push_back(page_of(transaction, caller, std::move(each)));
    }
    return pages;
  });
}

async::Task<CompetitionPage> Competitions::find(Caller caller, std::string name) {
  require(caller, Scope::instances_read);
  refuse_candidates(caller);
  const TimePoint now = clock_.now();
  co_return co_await journal_.transact([&](Transaction& transaction) {
    CompetitionPage page = page_of(transaction, caller, known_competition(transaction, name));
    page.participants = transaction.list_participants(name).size();
    if (page.mine) {
      page.members = members_of(transaction, name)[page.mine->id];
    }
    add_labs(transaction, caller, page, now);
    return page;
  });
}

async::Task<CompetitionPage> Competitions::change(Caller caller, std::string name,
                                                  std::function<Competition(Transaction&)> make) {
  require(caller, Scope::accounts_write);
  Competition competition = co_await journal_.transact([&](Transaction& transaction) {
    const auto before = is_name(name) ? transaction.find_competition(name) : std::nullopt;
    Competition made = make(transaction);
    transaction.put_competition(made);
    if (before && last_end(before->definition) != last_end(made.definition)) {
      move_embargoes(transaction, made, last_end(before->definition));
    }
    return made;
  });
  known_[name].competition = std::move(competition);
  ++changes_;
  co_return co_await find(std::move(caller), std::move(name));
}

async::Task<CompetitionPage> Competitions::put(Caller caller, std::string name, CompetitionDefinition definition) {
  co_return co_await change(std::move(caller), name, [&](Transaction& transaction) {
    require_sound(transaction, name, definition);
    const auto before = transaction.find_competition(name);
    if (before) {
      require_kept(transaction, *before, definition);
    }
    return Competition{name, definition, before ? before->created_at : clock_.now()};
  });
}

async::Task<CompetitionPage> Competitions::end(Caller caller, std::string name) {
  co_return co_await change(std::move(caller), name, [&](Transaction& transaction) {
    Competition competition = known_competition(transaction, name);
    for (CompetitionWindow& window : competition.definition.windows) {
      window.end = std::min(window.end, clock_.now());
      window.begin = std::min(window.begin, window.end);
    }
    return competition;
  });
}

async::Task<CompetitionPage> Competitions::join(Caller caller, std::string name, JoinRequest request) {
  require(caller, Scope::instances_write);
  if (caller.account.role == Role::guest) {
    throw Error(ErrorKind::forbidden, "competitions are not for guests; sign in with an account");
  }
  refuse_candidates(caller);
  co_await journal_.transact([&](Transaction& transaction) {
    add_member(transaction, caller, known_competition(transaction, name), request, clock_.now());
  });
  ++changes_;
  co_return co_await find(std::move(caller), std::move(name));
}

bool Competitions::is_public(const std::string& name) const {
  const auto found = known_.find(name);
  return found != known_.end() && found->second.competition.definition.public_board;
}

// A board is good until something changes, or the time comes when it freezes, thaws or shows more.
bool Competitions::is_fresh(const Known& known, unsigned long wanted) const {
  if (!known.board || known.changes < wanted) {
    return false;
  }
  const auto passed = [&](TimePoint moment) { return known.board->at < moment && moment <= clock_.now(); };
  const CompetitionDefinition& definition = known.competition.definition;
  return !(definition.freeze_at && passed(*definition.freeze_at)) &&
         std::ranges::none_of(definition.windows, [&](const CompetitionWindow& window) {
           return passed(window.begin) || passed(window.end);
         });
}

async::Task<std::shared_ptr<const Board>> Competitions::board(std::string name) {
  const unsigned long wanted = changes_;
  for (;;) {
    const auto found = known_.find(name);
    if (found == known_.end()) {
      no_such_competition(name);
    }
    if (is_fresh(found->second, wanted)) {
      co_return found->second.board;
    }
    if (found->second.being_made) {
      co_await made_.wait();
    } else {
      co_await make_board(name);
    }
  }
}

async::Task<> Competitions::make_board(std::string name) {
  Known& known = known_.at(name);  // none is ever removed
  struct Busy {
    Known& known;
    async::Trigger& made;
    explicit Busy(Known& of, async::Trigger& trigger) : known(of), made(trigger) { known.being_made = true; }
    ~Busy() {
      known.being_made = false;
      made.fire();
    }
  } const until_the_end(known, made_);
  const unsigned long changes = changes_;
  const TimePoint now = clock_.now();
  auto board = co_await journal_.transact([&](Transaction& transaction) {
    Board made{
        .competition = known_competition(transaction, name), .labs = {}, .frozen = false, .standings = {}, .at = now};
    const CompetitionDefinition& definition = made.competition.definition;
    made.frozen = definition.freeze_at && now >= *definition.freeze_at && now < last_end(definition);
    if (!hides_labs(definition, {}, now)) {
      made.labs = definition.labs;
    }
    made.standings = rank(definition, transaction.list_participants(name), transaction.list_solves(name),
                          made.frozen ? definition.freeze_at : std::nullopt);
    return made;
  });
  known.board = std::make_shared<const Board>(std::move(board));
  known.changes = changes;
}

async::Task<std::vector<Result>> Competitions::results(Caller caller, std::string name) {
  require(caller, Scope::accounts_write);
  co_return co_await journal_.transact([&](Transaction& transaction) {
    const Competition competition = known_competition(transaction, name);
    auto members = members_of(transaction, name);
    std::vector<Result> results;
    for (Standing& each : rank(competition.definition, transaction.list_participants(name),
                               transaction.list_solves(name), std::nullopt)) {
      std::vector<std::string> names = std::move(members[each.participant.id]);
      results.push_back({std::move(each), std::move(names)});
    }
    return results;
  });
}

}  // namespace berth::core
