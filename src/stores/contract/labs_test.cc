// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::Attempt;
using core::AttemptState;
using core::Check;
using core::Lab;
using core::LabState;

class Labs : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    transact([](Transaction& transaction) {
      transaction.put_account(plain_account("a"));
      transaction.put_account(plain_account("b"));
    });
  }

  static Lab lab(const std::string& name, std::uint32_t version, LabState state = LabState::draft) {
    Lab lab{.id = core::lab_id(name, version),
            .name = name,
            .version = version,
            .author = AccountId("a"),
            .state = state,
            .reason = odd_text(),
            .created_at = moment(version)};
    lab.manifest.title = odd_text();
    lab.manifest.hints = {"one", odd_text()};
    lab.manifest.machines = {{"web", "image"}, {"db", ""}};
    lab.manifest.check = {.mode = core::CheckMode::inside, .machine = "db", .seconds = 7, .reveal = false};
    lab.manifest.minutes = 90;
    lab.plan.name = "lab";
    lab.plan.lifetime = Seconds{5400};
    return lab;
  }

  static Attempt attempt(const std::string& id, const std::string& account, long age,
                         AttemptState state = AttemptState::ended) {
    return {.id = AttemptId(id),
            .account = AccountId(account),
            .lab = core::lab_id("lab", 1),
            .lab_name = "lab",
            .state = state,
            .reason = odd_text(),
            .machines = {{"web", InstanceId("i1")}, {"db", InstanceId("i2")}},
            .hints = 2,
            .steps_done = 3,
            .checks = 4,
            .created_at = moment(age),
            .started_at = moment(age + 1),
            .expires_at = moment(age + 2),
            .stopped_at = moment(age + 5),
            .paused = Seconds{age + 6},
            .kept_until = moment(age + 7),
            .notice_at = moment(age + 8),
            .solved_at = moment(age + 3),
            .ended_at = moment(age + 4)};
  }

  static std::string shown(const Attempt& attempt) {
    std::string text = attempt.account.text() + attempt.lab.text() + attempt.lab_name + *attempt.reason +
                       print_json(to_json(attempt.machines)) + std::string(enum_name(attempt.state));
    for (const std::uint32_t number : {attempt.hints, attempt.steps_done, attempt.checks}) {
      text += " " + std::to_string(number);
    }
    text += " " + format_duration(attempt.paused);
    for (const auto& time : {attempt.started_at, attempt.expires_at, attempt.stopped_at, attempt.kept_until,
                             attempt.notice_at, attempt.solved_at, attempt.ended_at}) {
      text += " " + format_time(time.value());
    }
    return text + format_time(attempt.created_at);
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Labs, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Labs, a_lab_and_its_files_come_back_as_they_were_put) {
  const Lab put = lab("lab", 1);
  const core::LabFiles files{{"task.md", long_text()}, {"check", odd_text()}};
  transact([&](Transaction& transaction) {
    transaction.put_lab(put);
    transaction.put_lab_contents({.lab = put.id, .files = files});
  });
  reopen();
  const auto found = get([&](Transaction& transaction) { return transaction.find_lab(put.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(std::tie(found->name, found->version, found->author, found->state, found->reason, found->created_at),
            std::tie(put.name, put.version, put.author, put.state, put.reason, put.created_at));
  EXPECT_EQ(to_json(found->manifest), to_json(put.manifest));
  EXPECT_EQ(found->plan, put.plan);
  const auto contents = get([&](Transaction& transaction) { return transaction.find_lab_contents(put.id); });
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->files == files);
}

TEST_P(Labs, labs_are_listed_by_name_and_the_newest_version_first) {
  transact([](Transaction& transaction) {
    for (const std::uint32_t version : {1U, 2U, 10U}) {
      transaction.put_lab(lab("one", version, version == 2 ? LabState::published : LabState::retired));
    }
    transaction.put_lab(lab("other", 1));
  });
  const auto list = [&](core::LabFilter filter) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_labs(filter); }));
  };
  EXPECT_EQ(list({}), (Ids{"one-10", "one-2", "one-1", "other-1"}));
  EXPECT_EQ(list({.name = "one", .states = {LabState::published, LabState::draft}}), (Ids{"one-2"}));
}

TEST_P(Labs, one_version_of_a_name_is_published) {
  transact([](Transaction& transaction) { transaction.put_lab(lab("lab", 1, LabState::published)); });
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_lab(lab("lab", 2, LabState::published)); }),
            ErrorKind::conflict);
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_lab(lab("lab", 1, LabState::retired));
              transaction.put_lab(lab("lab", 2, LabState::published));
            }),
            std::nullopt);
}

TEST_P(Labs, an_attempt_comes_back_as_it_was_put) {
  const Attempt put = attempt("x", "a", 5);
  transact([&](Transaction& transaction) {
    transaction.put_lab(lab("lab", 1));
    transaction.put_attempt(put);
  });
  reopen();
  const auto found = get([&](Transaction& transaction) { return transaction.find_attempt(put.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(shown(*found), shown(put));
}

TEST_P(Labs, an_account_has_one_attempt_at_a_lab_that_is_not_over) {
  transact([](Transaction& transaction) {
    transaction.put_lab(lab("lab", 1));
    transaction.put_attempt(attempt("x", "a", 1, AttemptState::running));
    transaction.put_attempt(attempt("y", "b", 1, AttemptState::running));
    transaction.put_attempt(attempt("old", "a", 1, AttemptState::expired));
  });
  for (const AttemptState state : core::states_under_way()) {
    EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_attempt(attempt("z", "a", 2, state)); }),
              ErrorKind::conflict);
  }
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_attempt(attempt("x", "a", 1, AttemptState::ended));
              transaction.put_attempt(attempt("z", "a", 2, AttemptState::waiting));
            }),
            std::nullopt);
}

TEST_P(Labs, attempts_are_listed_newest_first_in_pages) {
  transact([](Transaction& transaction) {
    transaction.put_lab(lab("lab", 1));
    for (const char* id : {"1", "2", "3", "4"}) {
      transaction.put_attempt(attempt(id, "a", id[0] == '4' ? 3 : id[0] - '0'));
    }
    transaction.put_attempt(attempt("5", "b", 9, AttemptState::failed));
  });
  const auto list = [&](core::AttemptFilter filter) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_attempts(filter); }));
  };
  EXPECT_EQ(list({}), (Ids{"5", "4", "3", "2", "1"}));
  EXPECT_EQ(list({.account = AccountId("a"), .limit = 2}), (Ids{"4", "3"}));
  EXPECT_EQ(list({.account = AccountId("a"), .before = "3"}), (Ids{"2", "1"}));
  EXPECT_EQ(list({.states = {AttemptState::failed}}), (Ids{"5"}));
  EXPECT_EQ(list({.lab_name = "none"}), Ids{});
}

TEST_P(Labs, checks_come_back_oldest_first) {
  const Check fault{.id = "f",
                    .attempt = AttemptId("x"),
                    .at = moment(2),
                    .verdict = core::Verdict::fault,
                    .step = 3,
                    .reason = odd_text(),
                    .milliseconds = 17};
  transact([&](Transaction& transaction) {
    transaction.put_lab(lab("lab", 1));
    transaction.put_attempt(attempt("x", "a", 1));
    transaction.put_check(fault);
    transaction.put_check({.id = "g", .attempt = AttemptId("x"), .at = moment(1), .verdict = core::Verdict::not_yet});
  });
  reopen();
  const auto checks = get([](Transaction& transaction) { return transaction.list_checks(AttemptId("x")); });
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].id, "g");
  EXPECT_EQ(std::tie(checks[1].id, checks[1].verdict, checks[1].step, checks[1].reason, checks[1].milliseconds),
            std::tie(fault.id, fault.verdict, fault.step, fault.reason, fault.milliseconds));
}

TEST_P(Labs, what_belongs_to_nothing_is_refused) {
  EXPECT_EQ(
      failure_of([](Transaction& transaction) { transaction.put_lab_contents({.lab = LabId("none"), .files = {}}); }),
      ErrorKind::conflict);
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_attempt(attempt("x", "a", 1)); }),
            ErrorKind::conflict);
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_check({.id = "c", .attempt = AttemptId("none"), .at = moment(1)});
            }),
            ErrorKind::conflict);
}

TEST_P(Labs, the_attempts_of_a_lost_guest_go_with_it) {
  transact([](Transaction& transaction) {
    core::Account guest = plain_account("g");
    guest.role = core::Role::guest;
    transaction.put_account(guest);
    transaction.put_lab(lab("lab", 1));
    transaction.put_attempt(attempt("x", "g", 1));
    transaction.put_check({.id = "c", .attempt = AttemptId("x"), .at = moment(1)});
  });
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.remove_lost_guests(moment(1'000'000)); }), 1U);
  EXPECT_FALSE(get([](Transaction& transaction) { return transaction.find_attempt(AttemptId("x")); }));
  EXPECT_TRUE(get([](Transaction& transaction) { return transaction.list_checks(AttemptId("x")); }).empty());
}

}  // namespace
}  // namespace berth::stores::contract
