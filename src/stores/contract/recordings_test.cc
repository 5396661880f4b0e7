// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::Recording;
using core::RecordingFilter;

class Recordings : public StoreTest {
 protected:
  Ids listed(RecordingFilter filter) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_recordings(filter); }));
  }

  // One recording of account "a", with those words.
  void put(const std::string& id, const std::vector<std::string>& words) {
    transact([&](Transaction& transaction) {
      transaction.put_account(plain_account("a"));
      transaction.put_recording(plain_recording(id, "a"));
      transaction.set_recording_words(RecordingId(id), words);
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Recordings, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Recordings, come_back_as_they_were_put) {
  const Recording full = full_recording();
  const Recording plain = plain_recording("plain", full.account.text());
  transact([&](Transaction& transaction) {
    transaction.put_account(full_account());
    transaction.put_recording(plain);
    transaction.put_recording(full);
    transaction.put_recording(full);  // replaces it
  });
  reopen();
  for (const Recording& recording : {full, plain}) {
    const auto found = get([&](Transaction& transaction) { return transaction.find_recording(recording.id); });
    ASSERT_TRUE(found);
    EXPECT_EQ(show(*found), show(recording));
  }
  const auto shared =
      get([&](Transaction& transaction) { return transaction.find_recording_by_share(*full.share_hash); });
  ASSERT_TRUE(shared);
  EXPECT_EQ(show(*shared), show(full));
  EXPECT_FALSE(get([&](Transaction& transaction) { return transaction.find_recording_by_share("another"); }));
}

TEST_P(Recordings, every_policy_comes_back) {
  using enum core::RecordingKind;
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
  for (const auto kind : {none, private_, embargoed, public_}) {
    Recording recording = plain_recording("r", "a");
    recording.policy.kind = kind;
    transact([&](Transaction& transaction) { transaction.put_recording(recording); });
    const auto found = get([&](Transaction& transaction) { return transaction.find_recording(recording.id); });
    EXPECT_EQ(found->policy, recording.policy);
  }
}

TEST_P(Recordings, need_an_account_and_a_share_link_of_their_own) {
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_recording(plain_recording("r", "nobody")); }),
            ErrorKind::conflict);
  Recording one = plain_recording("one", "a");
  Recording two = plain_recording("two", "a");
  one.share_hash = two.share_hash = "the same";
  transact([&](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_recording(one);
  });
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_recording(two); }), ErrorKind::conflict);
}

TEST_P(Recordings, are_listed_newest_first_page_by_page) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("mine"));
    transaction.put_account(plain_account("theirs"));
    for (const auto& [id, account, at] :
         {std::tuple{"b", "mine", 1}, {"a", "mine", 1}, {"c", "mine", 0}, {"d", "theirs", 2}, {"e", "mine", 3}}) {
      Recording recording = plain_recording(id, account);
      recording.began_at = moment(at);
      recording.instance = InstanceId(at == 1 ? "one" : "other");
      if (at < 2) {
        recording.ended_at = moment(at + 10);
      }
      transaction.put_recording(recording);
    }
  });
  EXPECT_EQ(listed({}), (Ids{"e", "d", "b", "a", "c"}));
  EXPECT_EQ(listed({.account = AccountId("mine"), .limit = 2}), (Ids{"e", "b"}));
  EXPECT_EQ(listed({.account = AccountId("mine"), .before = "b", .limit = 2}), (Ids{"a", "c"}));
  EXPECT_EQ(listed({.before = "nowhere"}), Ids{});
  EXPECT_EQ(listed({.instance = InstanceId("one")}), (Ids{"b", "a"}));
  EXPECT_EQ(listed({.unended = true}), (Ids{"e", "d"}));
  EXPECT_EQ(listed({.ended_before = moment(11)}), (Ids{"c"}));
}

TEST_P(Recordings, are_found_by_the_beginnings_of_their_words) {
  put("one", {"device", "left", "no", "nginx", "on", "space"});
  put("two", {"7", "apache2", "devices", "größe", "no"});
  put("three", {});
  EXPECT_EQ(listed({.words = {"no"}}), (Ids{"two", "one"}));
  EXPECT_EQ(listed({.words = {"no", "space", "left"}}), (Ids{"one"}));
  EXPECT_EQ(listed({.words = {"device"}}), (Ids{"two", "one"}));
  EXPECT_EQ(listed({.words = {"evice"}}), Ids{});
  EXPECT_EQ(listed({.words = {"größ"}}), (Ids{"two"}));
  EXPECT_EQ(listed({.words = {"n"}}), Ids{});  // a single letter is a whole word
  EXPECT_EQ(listed({.words = {"7"}}), (Ids{"two"}));
  EXPECT_EQ(listed({.account = AccountId("b"), .words = {"no"}}), Ids{});
  put("one", {"other"});
  EXPECT_EQ(listed({.words = {"space"}}), Ids{});
  EXPECT_EQ(listed({.words = {"oth"}}), (Ids{"one"}));
}

TEST_P(Recordings, can_be_removed_with_their_words) {
  put("one", {"word"});
  put("two", {"word"});
  transact([](Transaction& transaction) {
    transaction.remove_recording(RecordingId("one"));
    transaction.remove_recording(RecordingId("unknown"));
    transaction.set_recording_words(RecordingId("unknown"), {"word"});
  });
  EXPECT_EQ(listed({.words = {"word"}}), (Ids{"two"}));
  EXPECT_EQ(listed({}), (Ids{"two"}));
}

TEST_P(Recordings, a_transaction_that_fails_leaves_none) {
  put("one", {"before"});
  EXPECT_TRUE(failure_of([](Transaction& transaction) {
    transaction.remove_recording(RecordingId("one"));
    transaction.put_recording(plain_recording("two", "a"));
    transaction.set_recording_words(RecordingId("two"), {"after"});
    throw Error(ErrorKind::internal, "undone");
  }));
  EXPECT_EQ(listed({.words = {"before"}}), (Ids{"one"}));
  EXPECT_EQ(listed({.words = {"after"}}), Ids{});
}

TEST_P(Recordings, keep_the_account_of_a_guest_who_has_no_more_than_them) {
  transact([](Transaction& transaction) {
    core::Account guest = plain_account("guest");
    guest.role = core::Role::guest;
    transaction.put_account(guest);
    transaction.put_recording(plain_recording("r", "guest"));
    EXPECT_EQ(transaction.remove_lost_guests(moment(1)), 0U);
    transaction.remove_recording(RecordingId("r"));
    EXPECT_EQ(transaction.remove_lost_guests(moment(1)), 1U);
  });
}

}  // namespace
}  // namespace berth::stores::contract
