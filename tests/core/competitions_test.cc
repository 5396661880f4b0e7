// SPDX-License-Identifier: Apache-2.0
#include "core/competitions.h"

#include <gmock/gmock.h>

#include "core/attempt_rules.h"
#include "core/lab_host.h"

namespace berth::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Passes on, and counts.
class CountingStore final : public Store {
 public:
  explicit CountingStore(Store& store) : store_(store) {}
  async::Task<bool> transact(std::function<void(Transaction&)> work) override {
    ++count;
    co_return co_await store_.transact(std::move(work));
  }
  int count = 0;

 private:
  Store& store_;
};

class CompetitionsTest : public LabHost {
 protected:
  TimePoint hour(double hours) const { return origin + Milliseconds{static_cast<long>(hours * 3'600'000)}; }
  void go_to(TimePoint time) { clock.advance(time - clock.now()); }

  CompetitionDefinition cup() const {
    return {.title = "The cup", .text = {}, .labs = {"one", "two"}, .windows = {{"", hour(1), hour(3)}}};
  }

  async::Task<> make(CompetitionDefinition definition) {
    co_await journal.transact([&](Transaction& transaction) {
      for (const char* name : {"one", "two"}) {
        Lab lab{.id = lab_id(name, 1), .name = name, .version = 1, .author = admin.account.id};
        lab.state = LabState::published;
        lab.manifest.title = std::string("Lab ") + name;
        lab.manifest.hints = {"look"};
        transaction.put_lab(lab);
      }
    });
    co_await competitions.put(admin, "cup", std::move(definition));
  }

  async::Task<Caller> participant(std::string name, JoinRequest request = {}) {
    const Caller who = co_await caller(name);
    co_await competitions.join(who, "cup", std::move(request));
    co_return who;
  }

  Attempt attempt_of(const Caller& who, const std::string& lab, TimePoint began) {
    return {.id = AttemptId(random_name(12)),
            .account = who.account.id,
            .lab = lab_id(lab, 1),
            .lab_name = lab,
            .state = AttemptState::running,
            .reason = {},
            .machines = {},
            .created_at = began,
            .started_at = began,
            .expires_at = began + std::chrono::hours{24},
            .solved_at = {},
            .ended_at = {}};
  }

  // An attempt that began then, and its check, asked for at `at`.
  async::Task<> solve(Caller who, std::string lab, TimePoint began, TimePoint at, Verdict verdict = Verdict::solved) {
    Attempt attempt = attempt_of(who, lab, began);
    co_await journal.transact([&](Transaction& transaction) {
      transaction.put_attempt(attempt);
      record_check(transaction, {.id = random_name(12), .attempt = attempt.id, .at = at, .verdict = verdict});
      attempt = transaction.find_attempt(attempt.id).value();
      finish(transaction, attempt, AttemptState::given_up, at, "left");
    });
    competitions.solved();
  }

  static std::vector<std::string> shown(const std::vector<Standing>& standings) {
    std::vector<std::string> lines;
    for (const Standing& each : standings) {
      lines.push_back(std::to_string(each.rank) + " " + each.participant.name + " " + std::to_string(each.labs.size()) +
                      " in " + std::to_string(each.total / std::chrono::minutes{1}));
    }
    return lines;
  }
  async::Task<std::vector<std::string>> board() { co_return shown((co_await competitions.board("cup"))->standings); }

  async::Task<> a_solve_counts_once_and_the_first_one_counts() {
    co_await make(cup());
    const Caller ann = co_await participant("ann");
    co_await solve(ann, "one", hour(1), hour(2), Verdict::not_yet);
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 0 in 0"));
    co_await solve(ann, "one", hour(1), hour(2));
    co_await solve(ann, "one", hour(2), hour(2.5));
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 1 in 60"));
    co_await solve(ann, "one", hour(1), hour(1.5));  // asked for earlier, answered later
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 1 in 30"));
    const CompetitionPage page = co_await competitions.find(ann, "cup");
    EXPECT_EQ(page.labs[0].taken, std::chrono::minutes{30});
    EXPECT_FALSE(page.labs[1].taken);
  }

  async::Task<> the_last_millisecond_of_the_window_counts() {
    co_await make(cup());
    const Caller ann = co_await participant("ann");
    const Caller bob = co_await participant("bob");
    co_await solve(ann, "one", hour(1), hour(3) - Milliseconds{1});
    co_await solve(bob, "one", hour(1), hour(3));
    co_await solve(bob, "two", hour(1) - Milliseconds{1}, hour(2));  // had looked at it before
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 1 in 119", "2 bob 0 in 0"));
  }

  async::Task<> what_began_before_joining_does_not_count() {
    co_await make(cup());
    go_to(hour(2));
    const Caller ann = co_await participant("ann");
    co_await solve(ann, "one", hour(1.5), hour(2.5));
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 0 in 0"));
    co_await solve(co_await caller("stranger"), "one", hour(2), hour(2.5));
    EXPECT_THAT(co_await board(), SizeIs(1));
    go_to(hour(3));
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("late"), "cup", {})), "conflict");
  }

  async::Task<> each_region_has_its_window() {
    CompetitionDefinition definition = cup();
    definition.windows = {{"east", hour(1), hour(3)}, {"west", hour(9), hour(11)}};
    co_await make(definition);
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("lost"), "cup", {})), "invalid_argument");
    const Caller ann = co_await participant("ann", {.name = {}, .code = {}, .region = "east"});
    const Caller bob = co_await participant("bob", {.name = {}, .code = {}, .region = "west"});
    co_await solve(ann, "one", hour(9), hour(9.5));
    co_await solve(ann, "two", hour(1), hour(2));
    co_await solve(bob, "one", hour(1), hour(2));
    co_await solve(bob, "two", hour(9), hour(9.5));
    EXPECT_THAT(co_await board(), ElementsAre("1 bob 1 in 30", "2 ann 1 in 60"));
    definition.windows.pop_back();
    EXPECT_EQ(co_await kind_of(competitions.put(admin, "cup", definition)), "conflict");  // bob's
  }

  async::Task<> a_team_counts_as_one() {
    CompetitionDefinition definition = cup();
    definition.team_size = 2;
    co_await make(definition);
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("alone"), "cup", {})), "invalid_argument");
    const Caller ann = co_await participant("ann", {.name = "Reds", .code = {}, .region = {}});
    const std::string code = (co_await competitions.find(ann, "cup")).mine->code;
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("guesser"), "cup", {.code = "guess"})), "not_found");
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("copy"), "cup", {.name = "Reds"})), "conflict");
    const Caller bob = co_await participant("bob", {.name = {}, .code = code, .region = {}});
    EXPECT_EQ(co_await kind_of(competitions.join(co_await caller("third"), "cup", {.code = code})), "conflict");
    EXPECT_EQ(co_await kind_of(competitions.join(bob, "cup", {.name = "Blues"})), "conflict");
    EXPECT_THAT((co_await competitions.find(bob, "cup")).members, ElementsAre("ann", "bob"));
    co_await solve(ann, "one", hour(1), hour(2));
    co_await solve(bob, "one", hour(1), hour(1.5));
    co_await solve(bob, "two", hour(1), hour(1.5));
    EXPECT_THAT(co_await board(), ElementsAre("1 Reds 2 in 60"));
  }

  async::Task<> solved_labs_rank_before_time_and_equals_share_a_rank() {
    co_await make(cup());
    const Caller ann = co_await participant("ann");
    const Caller bob = co_await participant("bob");
    const Caller cid = co_await participant("cid");
    co_await participant("dan");
    co_await solve(ann, "one", hour(1), hour(1.25));
    co_await solve(bob, "one", hour(1), hour(2));
    co_await solve(bob, "two", hour(1), hour(2.5));
    co_await solve(cid, "two", hour(1), hour(1.25));
    EXPECT_THAT(co_await board(), ElementsAre("1 bob 2 in 150", "2 ann 1 in 15", "2 cid 1 in 15", "4 dan 0 in 0"));
  }

  async::Task<> a_frozen_board_stands_still_until_the_end() {
    CompetitionDefinition definition = cup();
    definition.freeze_at = hour(2);
    co_await make(definition);
    const Caller ann = co_await participant("ann");
    go_to(hour(2) - Milliseconds{1});
    co_await solve(ann, "one", hour(1), hour(1.5));
    EXPECT_FALSE((co_await competitions.board("cup"))->frozen);
    go_to(hour(2));
    co_await solve(ann, "two", hour(1), hour(2));
    EXPECT_TRUE((co_await competitions.board("cup"))->frozen);
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 1 in 30"));
    EXPECT_EQ((co_await competitions.results(admin, "cup")).front().standing.labs.size(), 2U);
    EXPECT_EQ(co_await kind_of(competitions.results(ann, "cup")), "forbidden");
    go_to(hour(3));
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 2 in 90"));
  }

  async::Task<> ending_it_ends_all_its_windows() {
    CompetitionDefinition definition = cup();
    definition.freeze_at = hour(1.5);
    definition.windows.push_back({"later", hour(5), hour(6)});
    definition.windows.front().region = "now";
    co_await make(definition);
    const Caller ann = co_await participant("ann", {.name = {}, .code = {}, .region = "now"});
    go_to(hour(2));
    co_await solve(ann, "one", hour(1), hour(1.75));
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 0 in 0"));
    EXPECT_EQ(co_await kind_of(competitions.end(ann, "cup")), "forbidden");
    co_await competitions.end(admin, "cup");
    co_await solve(ann, "two", hour(1), hour(2));
    EXPECT_THAT(co_await board(), ElementsAre("1 ann 1 in 45"));
  }

  async::Task<> ten_thousand_viewers_cost_the_database_nothing() {
    co_await make(cup());
    const Caller ann = co_await participant("ann");
    CountingStore counted(*store);
    Journal counted_journal(counted, loop.get_executor());
    Competitions watched(counted_journal, clock, loop.get_executor());
    co_await watched.open();
    counted.count = 0;
    std::size_t served = 0;
    const auto look = [](Competitions& at, std::size_t& done) -> async::Task<> {
      done += (co_await at.board("cup"))->standings.size();
    };
    for (int viewer = 0; viewer < 10'000; ++viewer) {
      tasks.spawn(look(watched, served));
    }
    while (served < 10'000) {
      co_await async::pause_for(Milliseconds{1});
    }
    EXPECT_EQ(counted.count, 1);  // all at once, and one of them makes it
    co_await solve(ann, "one", hour(1), hour(2));
    watched.solved();
    for (int viewer = 0; viewer < 10'000; ++viewer) {
      co_await look(watched, served);
    }
    EXPECT_EQ(counted.count, 2);  // one for the change
    EXPECT_EQ(co_await kind_of(watched.board("nothing")), "not_found");
    EXPECT_EQ(counted.count, 2);
  }

  async::Task<> a_restart_changes_nothing() {
    CompetitionDefinition definition = cup();
    definition.public_board = true;
    co_await make(definition);
    const Caller ann = co_await participant("ann");
    co_await solve(ann, "one", hour(1), hour(3) - Milliseconds{1});
    Competitions anew(journal, clock, loop.get_executor());
    EXPECT_FALSE(anew.is_public("cup"));
    co_await anew.open();
    EXPECT_TRUE(anew.is_public("cup"));
    EXPECT_THAT(shown((co_await anew.board("cup"))->standings), ElementsAre("1 ann 1 in 119"));
  }

  async::Task<std::size_t> seen_by(Caller who) { co_return (co_await labs.list(who, {})).size(); }

  async::Task<> hidden_labs_come_with_the_window() {
    CompetitionDefinition definition = cup();
    definition.hidden = true;
    definition.labs = {"one"};
    definition.windows = {{"east", hour(1), hour(3)}, {"west", hour(9), hour(11)}};
    co_await make(definition);
    const Caller ann = co_await participant("ann", {.name = {}, .code = {}, .region = "east"});
    const Caller bob = co_await participant("bob", {.name = {}, .code = {}, .region = "west"});
    EXPECT_EQ(co_await seen_by(ann), 1U);
    EXPECT_EQ(co_await seen_by(admin), 2U);
    EXPECT_EQ(co_await kind_of(labs.find(ann, "one", {})), "not_found");
    EXPECT_THAT((co_await competitions.find(ann, "cup")).labs, IsEmpty());
    go_to(hour(1));
    EXPECT_EQ(co_await seen_by(ann), 2U);
    EXPECT_EQ(co_await seen_by(bob), 1U);
    EXPECT_EQ(co_await seen_by(co_await caller("stranger")), 1U);
    EXPECT_THAT((co_await competitions.find(ann, "cup")).labs, SizeIs(1));
    EXPECT_THAT((co_await competitions.board("cup"))->labs, IsEmpty());
    go_to(hour(9));
    EXPECT_EQ(co_await seen_by(bob), 2U);
    EXPECT_THAT((co_await competitions.board("cup"))->labs, SizeIs(1));
  }

  async::Task<> its_rules_hold_for_attempts_that_count() {
    CompetitionDefinition definition = cup();
    definition.seconds_between_checks = 60;
    definition.hints = false;
    co_await make(definition);
    const Caller ann = co_await participant("ann");
    const Attempt attempt = attempt_of(ann, "one", hour(1));
    const Attempt again = attempt_of(ann, "one", hour(1.5));
    const Attempt practice = attempt_of(ann, "two", hour(0.5));
    const auto pace = [&](const Attempt& of, TimePoint now) -> async::Task<> {
      co_await journal.transact([&](Transaction& transaction) { require_pace(transaction, of, now); });
    };
    const auto hint = [&](const Attempt& of, TimePoint now) -> async::Task<> {
      co_await journal.transact([&](Transaction& transaction) { add_hint(transaction, of, now); });
    };
    co_await journal.transact([&](Transaction& transaction) {
      Attempt left = attempt;
      left.state = AttemptState::given_up;
      transaction.put_attempt(left);
      transaction.put_attempt(practice);
      for (const Attempt& each : {attempt, practice}) {
        transaction.put_check({.id = random_name(12), .attempt = each.id, .at = hour(2), .verdict = Verdict::not_yet});
      }
      transaction.put_attempt(again);
      transaction.put_check({.id = random_name(12), .attempt = again.id, .at = hour(2.5), .verdict = Verdict::fault});
    });
    EXPECT_EQ(co_await kind_of(pace(attempt, hour(2) + Seconds{59})), "exhausted");
    EXPECT_EQ(co_await kind_of(pace(attempt, hour(2) + Seconds{60})), "none");
    EXPECT_EQ(co_await kind_of(pace(again, hour(2) + Seconds{59})), "exhausted");  // to begin anew is no way around
    EXPECT_EQ(co_await kind_of(pace(again, hour(2.5) + Seconds{1})), "none");      // what is our fault does not count
    EXPECT_EQ(co_await kind_of(pace(practice, hour(2) + Seconds{1})), "none");
    EXPECT_EQ(co_await kind_of(hint(attempt, hour(2))), "forbidden");
    EXPECT_EQ(co_await kind_of(hint(practice, hour(2))), "none");
    const auto policy = [&](const Attempt& of, RecordingPolicy before) -> async::Task<RecordingPolicy> {
      co_return co_await journal.transact(
          [&](Transaction& transaction) { return under_embargo(transaction, of, before); });
    };
    using enum RecordingKind;
    EXPECT_EQ(co_await policy(attempt, {public_, {}}), (RecordingPolicy{embargoed, hour(3)}));
    EXPECT_EQ(co_await policy(practice, {public_, {}}), (RecordingPolicy{public_, {}}));
    EXPECT_EQ(co_await policy(attempt, {embargoed, hour(2)}), (RecordingPolicy{embargoed, hour(3)}));
    EXPECT_EQ(co_await policy(attempt, {embargoed, hour(4)}), (RecordingPolicy{embargoed, hour(4)}));
    EXPECT_EQ(co_await policy(attempt, {embargoed, {}}), (RecordingPolicy{embargoed, {}}));
    EXPECT_EQ(co_await policy(attempt, {private_, {}}), (RecordingPolicy{private_, {}}));
  }

  async::Task<> embargoes_move_with_its_end() {
    using enum RecordingKind;
    co_await make(cup());
    const Caller ann = co_await participant("ann");
    const ShownInstance machine = co_await start(ann);
    const auto put = [&](const char* id, RecordingPolicy policy) {
      return journal.transact([&, id, policy](Transaction& transaction) {
        transaction.put_recording({.id = RecordingId(id),
                                   .account = ann.account.id,
                                   .instance = machine.instance.id,
                                   .title = "shell",
                                   .policy = policy,
                                   .began_at = hour(1)});
      });
    };
    co_await put("until-the-end", {embargoed, hour(3)});
    co_await put("longer", {embargoed, hour(9)});
    co_await put("mine", {private_, {}});
    co_await journal.transact([&](Transaction& transaction) {
      Attempt attempt = attempt_of(ann, "one", hour(1));
      attempt.machines = {{"main", machine.instance.id}};
      transaction.put_attempt(attempt);
      Instance instance = transaction.find_instance(machine.instance.id).value();
      instance.recording = {embargoed, hour(3)};
      transaction.put_instance(instance);
    });
    const auto policies = [&] {
      return journal.transact([&](Transaction& transaction) {
        std::vector<RecordingPolicy> found{transaction.find_instance(machine.instance.id)->recording};
        for (const char* id : {"until-the-end", "longer", "mine"}) {
          found.push_back(transaction.find_recording(RecordingId(id))->policy);
        }
        return found;
      });
    };
    using Policies = std::vector<RecordingPolicy>;
    CompetitionDefinition later = cup();
    later.windows.front().end = hour(4);
    co_await competitions.put(admin, "cup", later);
    const RecordingPolicy longer{embargoed, hour(9)};
    const RecordingPolicy moved{embargoed, hour(4)};
    EXPECT_EQ(co_await policies(), (Policies{moved, moved, longer, {private_, {}}}));
    go_to(hour(2));
    co_await competitions.end(admin, "cup");
    const RecordingPolicy ended{embargoed, hour(2)};
    EXPECT_EQ(co_await policies(), (Policies{ended, ended, longer, {private_, {}}}));
  }

  async::Task<> all_faults_are_told_and_only_administrators_make_it() {
    co_await make(cup());
    const CompetitionDefinition wrong{.title = "",
                                      .text = {},
                                      .labs = {"none"},
                                      .team_size = 0,
                                      .windows = {{"", hour(2), hour(2)}},
                                      .seconds_between_checks = 10'000};
    const Failure failure = co_await failure_of(without_result(competitions.put(admin, "Cup", wrong)));
    EXPECT_EQ(failure.kind, "invalid_argument");
    for (const char* fault :
         {"the name of", "title", "'none' is not published", "team_size", "begins before", "seconds_"}) {
      EXPECT_THAT(failure.message, HasSubstr(fault));
    }
    EXPECT_EQ(co_await kind_of(competitions.put(co_await caller("ann"), "cup", cup())), "forbidden");
    Caller guest = co_await caller("guest");
    guest.account.role = Role::guest;
    EXPECT_EQ(co_await kind_of(competitions.join(guest, "cup", {})), "forbidden");
    EXPECT_EQ(co_await kind_of(competitions.find(admin, "other")), "not_found");
    EXPECT_THAT(co_await competitions.list(admin), SizeIs(1));
  }

  TimePoint origin = clock.now();
  Competitions competitions{journal, clock, loop.get_executor()};
};

TEST_F(CompetitionsTest, ASolveCountsOnceAndTheFirstOneCounts) { run(a_solve_counts_once_and_the_first_one_counts()); }
TEST_F(CompetitionsTest, TheLastMillisecondOfTheWindowCounts) { run(the_last_millisecond_of_the_window_counts()); }
TEST_F(CompetitionsTest, WhatBeganBeforeJoiningDoesNotCount) { run(what_began_before_joining_does_not_count()); }
TEST_F(CompetitionsTest, EachRegionHasItsWindow) { run(each_region_has_its_window()); }
TEST_F(CompetitionsTest, ATeamCountsAsOne) { run(a_team_counts_as_one()); }
TEST_F(CompetitionsTest, SolvedLabsRankBeforeTimeAndEqualsShareARank) {
  run(solved_labs_rank_before_time_and_equals_share_a_rank());
}
TEST_F(CompetitionsTest, AFrozenBoardStandsStillUntilTheEnd) { run(a_frozen_board_stands_still_until_the_end()); }
TEST_F(CompetitionsTest, EndingItEndsAllItsWindows) { run(ending_it_ends_all_its_windows()); }
TEST_F(CompetitionsTest, TenThousandViewersCostTheDatabaseNothing) {
  run(ten_thousand_viewers_cost_the_database_nothing());
}
TEST_F(CompetitionsTest, ARestartChangesNothing) { run(a_restart_changes_nothing()); }
TEST_F(CompetitionsTest, HiddenLabsComeWithTheWindow) { run(hidden_labs_come_with_the_window()); }
TEST_F(CompetitionsTest, ItsRulesHoldForAttemptsThatCount) { run(its_rules_hold_for_attempts_that_count()); }
TEST_F(CompetitionsTest, EmbargoesMoveWithItsEnd) { run(embargoes_move_with_its_end()); }
TEST_F(CompetitionsTest, AllFaultsAreToldAndOnlyAdministratorsMakeIt) {
  run(all_faults_are_told_and_only_administrators_make_it());
}

}  // namespace
}  // namespace berth::core
