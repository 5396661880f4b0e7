// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/trigger.h"
#include "core/access.h"
#include "core/competition_rules.h"
#include "core/journal.h"

namespace berth::core {

struct CompetitionLab {
  std::string name;
  std::string title;
  std::optional<Milliseconds> taken;  // by the caller's participant, from the begin of its window
};

// A competition as somebody sees it.
struct CompetitionPage {
  Competition competition;
  std::vector<CompetitionLab> labs;  // empty while they are hidden
  std::size_t participants = 0;
  std::optional<Participant> mine;
  std::vector<std::string> members;  // of mine, by name
};

struct JoinRequest {
  std::string name;    // of a new team, or for the board; empty: the account's
  std::string code;    // of a team that is there
  std::string region;  // may be empty when there is but one window
};

// Who is where, at one moment.
struct Board {
  Competition competition;
  std::vector<std::string> labs;  // empty while they are hidden
  bool frozen = false;
  std::vector<Standing> standings;
  TimePoint at;
};

struct Result {
  Standing standing;
  std::vector<std::string> members;
};

// The use cases of competitions. Boards are made once for each change and kept in memory, so that a viewer costs the
// database nothing. Lives as long as the server.
class Competitions {
 public:
  Competitions(Journal& journal, const Clock& clock, const async::Executor& executor)
      : journal_(journal), clock_(clock), made_(executor) {}

  // At start: learns which there are.
  async::Task<> open();
  async::Task<std::vector<CompetitionPage>> list(Caller caller);
  async::Task<CompetitionPage> find(Caller caller, std::string name);
  // Makes or changes it; for administrators. Throws Error{invalid_argument} with all faults.
  async::Task<CompetitionPage> put(Caller caller, std::string name, CompetitionDefinition definition);
  // Ends all its windows now.
  async::Task<CompetitionPage> end(Caller caller, std::string name);
  async::Task<CompetitionPage> join(Caller caller, std::string name, JoinRequest request);

  // Whether anybody may see its board. Of one that is not there: no.
  bool is_public(const std::string& name) const;
  // As everybody sees it. Shared: whoever is still being answered keeps the one it was given.
  async::Task<std::shared_ptr<const Board>> board(std::string name);
  // As it really is, for administrators.
  async::Task<std::vector<Result>> results(Caller caller, std::string name);
  // Something was solved: boards are made anew when they are next asked for.
  void solved() { ++changes_; }

 private:
  struct Known {
    Competition competition;
    std::shared_ptr<const Board> board;
    unsigned long changes = 0;  // as of which the board is
    bool being_made = false;
  };
  bool is_fresh(const Known& known, unsigned long wanted) const;
  async::Task<> make_board(std::string name);
  async::Task<CompetitionPage> change(Caller caller, std::string name, std::function<Competition(Transaction&)> make);

  Journal& journal_;
  const Clock& clock_;
  std::map<std::string, Known> known_;
  unsigned long changes_ = 0;
  async::Trigger made_;
};

}  // namespace berth::core
