// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::Invitation;
using core::InvitationFilter;
using core::InvitationId;

class Invitations : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    transact([](Transaction& transaction) {
      for (const char* id : {"a", "b", "candidate"}) {
        transaction.put_account(plain_account(id));
      }
    });
  }

  static Invitation invitation(const std::string& id, const std::string& reviewer, long age) {
    return {.id = InvitationId(id),
            .reviewer = AccountId(reviewer),
            .name = odd_text(),
            .labs = {"one", odd_text()},
            .hash = "hash of " + id,
            .created_at = moment(age),
            .expires_at = moment(age + 1),
            .candidate = {},
            .opened_at = {},
            .revoked_at = {}};
  }

  static std::string shown(const Invitation& invitation) {
    std::string text = invitation.id.text() + invitation.reviewer.text() + invitation.name + invitation.hash +
                       print_json(to_json(invitation.labs)) + invitation.candidate.value_or(AccountId()).text();
    for (const auto& time : {std::optional(invitation.created_at), std::optional(invitation.expires_at),
                             invitation.opened_at, invitation.revoked_at}) {
      text += " " + (time ? format_time(*time) : "none");
    }
    return text;
  }

  void put(const Invitation& invitation) {
    transact([&](Transaction& transaction) { transaction.put_invitation(invitation); });
  }

  Ids listed(const InvitationFilter& filter) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_invitations(filter); }));
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Invitations, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Invitations, come_back_as_they_were_put) {
  const Invitation plain = invitation("plain", "a", 1);
  Invitation full = invitation("full", "a", 2);
  put(plain);
  put(full);
  full.candidate = AccountId("candidate");
  full.opened_at = moment(3);
  full.revoked_at = moment(4);
  put(full);  // replaces it
  reopen();
  transact([&](Transaction& transaction) {
    EXPECT_EQ(shown(transaction.find_invitation(plain.id).value()), shown(plain));
    EXPECT_EQ(shown(transaction.find_invitation(full.id).value()), shown(full));
    EXPECT_EQ(shown(transaction.find_invitation_by_hash("hash of full").value()), shown(full));
    EXPECT_EQ(shown(transaction.find_invitation_of(AccountId("candidate")).value()), shown(full));
    EXPECT_FALSE(transaction.find_invitation(InvitationId("other")));
    EXPECT_FALSE(transaction.find_invitation_by_hash("other"));
    EXPECT_FALSE(transaction.find_invitation_of(AccountId("a")));
  });
}

TEST_P(Invitations, are_listed_newest_first_by_reviewer_and_page) {
  put(invitation("old", "a", 1));
  put(invitation("other", "b", 2));
  put(invitation("new", "a", 3));
  EXPECT_EQ(listed({.reviewer = {}, .before = {}, .limit = 0}), (Ids{"new", "other", "old"}));
  EXPECT_EQ(listed({.reviewer = AccountId("a"), .before = {}}), (Ids{"new", "old"}));
  EXPECT_EQ(listed({.reviewer = {}, .before = {}, .limit = 2}), (Ids{"new", "other"}));
  EXPECT_EQ(listed({.reviewer = {}, .before = "other"}), (Ids{"old"}));
  EXPECT_EQ(listed({.reviewer = {}, .before = "unknown"}), Ids{});
}

TEST_P(Invitations, share_neither_a_hash_nor_a_candidate) {
  Invitation first = invitation("first", "a", 1);
  first.candidate = AccountId("candidate");
  put(first);
  Invitation second = invitation("second", "a", 2);
  second.hash = first.hash;
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_invitation(second); }), ErrorKind::conflict);
  second = invitation("second", "a", 2);
  second.candidate = first.candidate;
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_invitation(second); }), ErrorKind::conflict);
  second = invitation("second", "nobody", 2);
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_invitation(second); }), ErrorKind::conflict);
}

}  // namespace
}  // namespace berth::stores::contract
