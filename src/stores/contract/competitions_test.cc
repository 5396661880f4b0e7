// SPDX-License-Identifier: Apache-2.0
#include <tuple>

#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::Competition;
using core::Membership;
using core::Participant;
using core::Solve;

class Competitions : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    transact([](Transaction& transaction) {
      transaction.put_account(plain_account("a"));
      transaction.put_competition(competition("cup"));
      transaction.put_competition(competition("bowl"));
      transaction.put_participant(participant("p"));
    });
  }

  static Competition competition(const std::string& name) {
    return {.name = name,
            .definition = {.title = odd_text(),
                           .text = long_text(),
                           .labs = {"one", "two"},
                           .team_size = 3,
                           .windows = {{odd_text(), moment(1), moment(2)}, {"west", moment(3), moment(4)}},
                           .public_board = true,
                           .freeze_at = moment(5),
                           .seconds_between_checks = 6,
                           .hints = false,
                           .hidden = true},
            .created_at = moment(7)};
  }
  static Participant participant(const std::string& id, const std::string& competition = "cup") {
    return {.id = id,
            .competition = competition,
            .name = odd_text(),
            .region = odd_text(),
            .code = odd_text(),
            .created_at = moment(8)};
  }
  static Membership membership(const std::string& account) {
    return {.id = core::membership_id("cup", AccountId(account)),
            .competition = "cup",
            .account = AccountId(account),
            .participant = "p",
            .joined_at = moment(9)};
  }
  static Solve solve(const std::string& lab, long at) {
    return {.id = core::solve_id("p", lab),
            .competition = "cup",
            .participant = "p",
            .lab = lab,
            .account = AccountId("a"),
            .attempt = AttemptId("x"),
            .at = moment(at)};
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Competitions, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Competitions, come_back_as_they_were_put_by_name) {
  reopen();
  const auto found = get([](Transaction& transaction) { return transaction.find_competition("cup"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(to_json(found->definition), to_json(competition("cup").definition));
  EXPECT_EQ(found->created_at, moment(7));
  EXPECT_FALSE(get([](Transaction& transaction) { return transaction.find_competition("none"); }));
  const auto list = get([](Transaction& transaction) { return transaction.list_competitions(); });
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].name, "bowl");
}

TEST_P(Competitions, participants_and_their_members_come_back) {
  transact([](Transaction& transaction) {
    transaction.put_participant(participant("o"));
    transaction.put_participant(participant("q", "bowl"));
    transaction.put_membership(membership("a"));
  });
  reopen();
  const auto list = get([](Transaction& transaction) { return transaction.list_participants("cup"); });
  ASSERT_EQ(list.size(), 2U);
  const Participant put = participant("p");
  EXPECT_EQ(std::tie(list[1].id, list[1].competition, list[1].name, list[1].region, list[1].code, list[1].created_at),
            std::tie(put.id, put.competition, put.name, put.region, put.code, put.created_at));
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.find_participant("q"); })->competition, "bowl");
  for (const core::MembershipFilter& filter : {core::MembershipFilter{},
                                               {.account = AccountId("a"), .competition = {}},
                                               {.account = {}, .competition = "cup"}}) {
    const auto found = get([&](Transaction& transaction) { return transaction.list_memberships(filter); });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, "cup:a");
    EXPECT_EQ(found[0].participant, "p");
    EXPECT_EQ(found[0].joined_at, moment(9));
  }
  EXPECT_TRUE(get([](Transaction& transaction) {
                return transaction.list_memberships({.account = AccountId("a"), .competition = "bowl"});
              }).empty());
}

TEST_P(Competitions, a_participant_solves_a_lab_once) {
  transact([](Transaction& transaction) {
    transaction.put_solve(solve("one", 9));
    transaction.put_solve(solve("two", 2));
  });
  transact([](Transaction& transaction) { transaction.put_solve(solve("one", 1)); });
  reopen();
  const auto list = get([](Transaction& transaction) { return transaction.list_solves("cup"); });
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(std::tie(list[0].lab, list[0].participant, list[0].at), std::tuple("one", "p", moment(1)));
  EXPECT_EQ(list[1].attempt, AttemptId("x"));
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.find_solve("p:two"); })->at, moment(2));
  EXPECT_FALSE(get([](Transaction& transaction) { return transaction.find_solve("p:three"); }));
  EXPECT_TRUE(get([](Transaction& transaction) { return transaction.list_solves("bowl"); }).empty());
}

TEST_P(Competitions, what_belongs_to_nothing_is_refused) {
  const auto refused = [&](Work work) { EXPECT_EQ(failure_of(std::move(work)), ErrorKind::conflict); };
  refused([](Transaction& transaction) { transaction.put_participant(participant("o", "none")); });
  refused([](Transaction& transaction) { transaction.put_membership(membership("nobody")); });
  refused([](Transaction& transaction) {
    Solve lost = solve("one", 1);
    lost.participant = "none";
    transaction.put_solve(lost);
  });
}

TEST_P(Competitions, the_memberships_of_a_lost_guest_go_with_it) {
  transact([](Transaction& transaction) {
    core::Account guest = plain_account("g");
    guest.role = core::Role::guest;
    transaction.put_account(guest);
    transaction.put_membership(membership("g"));
  });
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.remove_lost_guests(moment(1'000'000)); }), 1U);
  EXPECT_TRUE(get([](Transaction& transaction) { return transaction.list_memberships({}); }).empty());
}

}  // namespace
}  // namespace berth::stores::contract
