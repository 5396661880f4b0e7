// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

using core::InstanceState;

class Lists : public StoreTest {
 protected:
  // Everything a list returns, page by page, `limit` at a time, with the cursor that `next` makes of the last id.
  template <class List>
  Ids page_through(List list) {
    Ids all;
    std::optional<std::string> cursor;
    for (;;) {
      const Ids page = ids_of(get([&](Transaction& transaction) { return list(transaction, cursor); }));
      if (page.empty()) {
        return all;
      }
      all.insert(all.end(), page.begin(), page.end());
      cursor = page.back();
    }
  }

  void put(core::Instance instance) {
    transact([&](Transaction& transaction) { transaction.put_instance(instance); });
  }

  Ids due(TimePoint time) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_due(time); }));
  }
};
INSTANTIATE_TEST_SUITE_P(Every, Lists, testing::ValuesIn(all_kinds()), name_of_kind);

// In the order of their bytes, which is not the order of any language.
const Ids by_bytes = {"-", "A", "B", "_", "a", "a-b", "aa", "ab", "b", "é", "z\xCC\x81", "語"};

Ids sorted(Ids ids) {
  std::ranges::sort(ids);
  return ids;
}

TEST_P(Lists, accounts_are_listed_by_id_page_by_page) {
  transact([](Transaction& transaction) {
    for (auto id = by_bytes.rbegin(); id != by_bytes.rend(); ++id) {
      transaction.put_account(plain_account(*id));
    }
  });
  EXPECT_EQ(page_through([](Transaction& transaction, const std::optional<std::string>& after) {
              return transaction.list_accounts({.after = after, .limit = 5});
            }),
            sorted(by_bytes));
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_accounts({.after = "aaa"}); })),
            (Ids{"ab", "b", "z\xCC\x81", "é", "語"}));
}

TEST_P(Lists, tokens_of_an_account_are_listed_without_login_codes) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("mine"));
    transaction.put_account(plain_account("theirs"));
    transaction.put_token(plain_token("another", "theirs"));
    for (const std::string& id : by_bytes) {
      transaction.put_token(plain_token(id, "mine"));
    }
    core::Token code = plain_token("code", "mine");
    code.kind = core::TokenKind::login_code;
    transaction.put_token(code);
  });
  EXPECT_EQ(page_through([](Transaction& transaction, const std::optional<std::string>& after) {
              return transaction.list_tokens(AccountId("mine"), {.after = after, .limit = 1});
            }),
            sorted(by_bytes));
}

TEST_P(Lists, ssh_keys_are_listed_apart_from_tokens) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("mine"));
    transaction.put_account(plain_account("theirs"));
    transaction.put_token(plain_token("token", "mine"));
    core::Token tcp = plain_token("tcp", "mine");
    tcp.kind = core::TokenKind::tcp_token;
    transaction.put_token(tcp);
    for (const auto& [id, account] : {std::pair{"b", "mine"}, {"a", "mine"}, {"c", "theirs"}}) {
      core::Token key = plain_token(id, account);
      key.kind = core::TokenKind::ssh_key;
      transaction.put_token(key);
    }
  });
  EXPECT_EQ(page_through([](Transaction& transaction, const std::optional<std::string>& after) {
              return transaction.list_ssh_keys(AccountId("mine"), {.after = after, .limit = 1});
            }),
            (Ids{"a", "b"}));
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_tokens(AccountId("mine"), {}); })),
            (Ids{"tcp", "token"}));
}

TEST_P(Lists, images_are_listed_by_name) {
  transact([](Transaction& transaction) {
    for (auto id = by_bytes.rbegin(); id != by_bytes.rend(); ++id) {
      transaction.put_image(plain_image(*id));
    }
  });
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_images(); })), sorted(by_bytes));
}

TEST_P(Lists, instances_are_listed_newest_first_page_by_page) {
  Ids expected;
  transact([&](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    for (const long made : {5L, -5L, 0L}) {
      for (const std::string& id : by_bytes) {
        core::Instance instance = plain_instance(id + std::to_string(made), "a");
        instance.created_at = moment(made);
        transaction.put_instance(instance);
      }
    }
  });
  for (const long made : {5L, 0L, -5L}) {  // newest first; of one moment the greatest id first
    Ids of_one_moment;
    for (const std::string& id : by_bytes) {
      of_one_moment.push_back(id + std::to_string(made));
    }
    std::ranges::sort(of_one_moment, std::greater());
    expected.insert(expected.end(), of_one_moment.begin(), of_one_moment.end());
  }
  for (const std::size_t limit : {1U, 7U, 50U, 0U}) {
    EXPECT_EQ(page_through([&](Transaction& transaction, const std::optional<std::string>& before) {
                return transaction.list_instances({.before = before, .limit = limit});
              }),
              expected);
  }
  EXPECT_TRUE(get([](Transaction& transaction) { return transaction.list_instances({.before = "none"}); }).empty());
}

TEST_P(Lists, instances_are_filtered_by_account_and_states) {
  using enum InstanceState;
  transact([](Transaction& transaction) {
    for (const char* account : {"a", "b"}) {
      transaction.put_account(plain_account(account));
      for (const InstanceState state : {queued, running, gone}) {
        core::Instance instance = plain_instance(account + (" " + std::string(enum_name(state))), account);
        instance.state = state;
        transaction.put_instance(instance);
      }
    }
  });
  const auto list = [&](core::InstanceFilter filter) {
    return ids_of(get([&](Transaction& transaction) { return transaction.list_instances(filter); }));
  };
  const auto count = [&](std::optional<AccountId> account, std::vector<InstanceState> states) {
    return get([&](Transaction& transaction) { return transaction.count_instances(account, states); });
  };
  EXPECT_EQ(list({.account = AccountId("a")}), (Ids{"a running", "a queued", "a gone"}));
  EXPECT_EQ(list({.states = {gone, running}}), (Ids{"b running", "b gone", "a running", "a gone"}));
  EXPECT_EQ(list({.account = AccountId("b"), .states = {gone}}), (Ids{"b gone"}));
  EXPECT_EQ(list({.account = AccountId("b"), .states = {queued, gone}, .before = "b queued"}), (Ids{"b gone"}));
  EXPECT_EQ(list({.account = AccountId("c")}), Ids{});
  EXPECT_EQ(count({}, {}), 6U);
  EXPECT_EQ(count({}, {queued, running}), 4U);
  EXPECT_EQ(count(AccountId("a"), {queued, running}), 2U);
  EXPECT_EQ(count(AccountId("a"), {}), 3U);
  EXPECT_EQ(count(AccountId("a"), {asleep}), 0U);
}

TEST_P(Lists, the_queue_is_listed_by_queue_number) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    for (const char* id : {"third", "fourth", "first", "second", "running"}) {
      transaction.put_instance(plain_instance(id, "a"));
    }
  });
  std::uint64_t last = 0;
  for (const char* id : {"first", "second", "running", "third", "fourth"}) {
    transact([&](Transaction& transaction) {
      core::Instance instance = *transaction.find_instance(InstanceId(id));
      instance.queue_number = transaction.next_queue_number();
      EXPECT_GT(instance.queue_number, last);
      last = instance.queue_number;
      instance.state = id == std::string("running") ? InstanceState::running : InstanceState::queued;
      transaction.put_instance(instance);
    });
    reopen();
  }
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_queued(0); })),
            (Ids{"first", "second", "third", "fourth"}));
}

TEST_P(Lists, queue_numbers_of_one_transaction_differ) {
  transact([](Transaction& transaction) {
    const std::uint64_t first = transaction.next_queue_number();
    EXPECT_GT(transaction.next_queue_number(), first);
  });
}

TEST_P(Lists, the_queue_goes_by_turn_then_arrival) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    std::uint64_t number = 1;
    for (const auto& [id, share, turn] : {std::tuple("late", "x", 3U), {"first", "x", 1U}, {"second", "y", 1U}}) {
      core::Instance instance = plain_instance(id, "a");
      instance.share = share;
      instance.turn = turn;
      instance.queue_number = number++;
      transaction.put_instance(instance);
    }
    core::Instance running = plain_instance("running", "a");
    running.state = InstanceState::running;
    running.share = "x";
    running.turn = 9;
    transaction.put_instance(running);
  });
  transact([](Transaction& transaction) {
    EXPECT_EQ(ids_of(transaction.list_queued(0)), (Ids{"first", "second", "late"}));
    EXPECT_EQ(ids_of(transaction.list_queued(1)), Ids{"first"});
    EXPECT_EQ(transaction.count_queued_before(*transaction.find_instance(InstanceId("late"))), 2U);
    EXPECT_EQ(transaction.last_turn_of("x"), 3U);
    EXPECT_EQ(transaction.last_turn_of("nobody"), 0U);
    EXPECT_EQ(transaction.served_turn(), 0U);
    transaction.set_served_turn(7);
  });
  reopen();
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.served_turn(); }), 7U);
}

TEST_P(Lists, a_service_has_one_instance_for_a_key_until_it_is_gone) {
  core::Instance first = plain_instance("first", "a");
  first.service = "echo";
  first.service_key = "key";
  core::Instance second = first;
  second.id = InstanceId("second");
  core::Instance without = plain_instance("without", "a");
  without.service = "echo";
  transact([&](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_instance(first);
    transaction.put_instance(without);
    transaction.put_instance(plain_instance("other", "a"));
  });
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_instance(second); }), ErrorKind::conflict);
  first.state = InstanceState::gone;
  transact([&](Transaction& transaction) {
    transaction.put_instance(first);
    transaction.put_instance(second);
    EXPECT_EQ(transaction.list_instances({.service = "echo"}).size(), 3U);
    EXPECT_EQ(transaction.list_instances({.service = "other"}).size(), 0U);
  });
}

TEST_P(Lists, what_is_long_over_can_be_forgotten) {
  core::Instance old = plain_instance("old", "guest");
  old.state = InstanceState::gone;
  old.gone_at = moment(10);
  core::Instance young = old;
  young.id = InstanceId("young");
  young.gone_at = moment(20);
  core::Instance alive = plain_instance("alive", "keeper");
  transact([&](Transaction& transaction) {
    for (const char* id : {"guest", "keeper", "lost"}) {
      core::Account account = plain_account(id);
      account.role = core::Role::guest;
      account.created_at = moment(1);
      transaction.put_account(account);
    }
    transaction.put_account(plain_account("member"));
    for (const core::Instance& instance : {old, young, alive}) {
      transaction.put_instance(instance);
    }
    for (const long at : {5L, 15L, 16L}) {
      core::Event event = plain_event(std::to_string(at));
      event.at = moment(at);
      transaction.append_event(event);
    }
  });
  transact([](Transaction& transaction) {
    EXPECT_EQ(transaction.remove_instances_gone_before(moment(20)), 1U);
    EXPECT_EQ(transaction.remove_lost_guests(moment(1)), 0U);
    EXPECT_EQ(transaction.remove_lost_guests(moment(2)), 1U);
    EXPECT_EQ(transaction.remove_events_before(moment(16)), 2U);
    EXPECT_EQ(transaction.remove_events_before(moment(100)), 0U);  // the last one carries the count on
  });
  transact([](Transaction& transaction) {
    EXPECT_FALSE(transaction.find_instance(InstanceId("old")));
    EXPECT_TRUE(transaction.find_instance(InstanceId("young")));
    EXPECT_FALSE(transaction.find_account(AccountId("lost")));
    EXPECT_EQ(transaction.list_accounts({}).size(), 3U);
    EXPECT_EQ(transaction.last_event_sequence(), 3U);
  });
}

TEST_P(Lists, an_instance_is_due_at_the_end_of_its_lease_and_of_its_grace) {
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
  core::Instance instance = plain_instance("i", "a");
  put(instance);
  EXPECT_EQ(due(moment(1'000'000)), Ids{});  // no lease yet
  for (const InstanceState state : {InstanceState::running, InstanceState::stopped, InstanceState::failed}) {
    instance.state = state;
    instance.expires_at = moment(100);
    put(instance);
    EXPECT_EQ(due(moment(99)), Ids{});
    EXPECT_EQ(due(moment(100)), Ids{"i"});
    EXPECT_EQ(due(moment(101)), Ids{"i"});
  }
  instance.state = InstanceState::grace;
  instance.gone_at = moment(200);
  put(instance);
  EXPECT_EQ(due(moment(199)), Ids{});
  EXPECT_EQ(due(moment(200)), Ids{"i"});
  instance.state = InstanceState::gone;
  put(instance);
  EXPECT_EQ(due(moment(1'000'000)), Ids{});
}

TEST_P(Lists, an_instance_is_due_when_it_has_to_be_gone_whatever_its_lease_says) {
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
  core::Instance instance = plain_instance("i", "a");
  instance.gone_by = moment(150);
  for (const auto& expires_at : {std::optional<TimePoint>(), std::optional(moment(200)), std::optional(moment(150))}) {
    instance.expires_at = expires_at;
    put(instance);
    EXPECT_EQ(due(moment(149)), Ids{});
    EXPECT_EQ(due(moment(150)), Ids{"i"});
    EXPECT_EQ(due(moment(300)), Ids{"i"});  // once
  }
  instance.state = InstanceState::grace;
  instance.gone_at = moment(140);
  put(instance);
  EXPECT_EQ(due(moment(139)), Ids{});
  EXPECT_EQ(due(moment(150)), Ids{"i"});
  instance.state = InstanceState::gone;
  put(instance);
  EXPECT_EQ(due(moment(300)), Ids{});
}

TEST_P(Lists, what_is_due_comes_oldest_first) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    for (const auto& [id, made] : {std::pair("b", 2L), {"c", 1L}, {"a", 2L}}) {
      core::Instance instance = plain_instance(id, "a");
      instance.created_at = moment(made);
      instance.expires_at = moment(10);
      transaction.put_instance(instance);
    }
  });
  EXPECT_EQ(due(moment(10)), (Ids{"c", "a", "b"}));
}

TEST_P(Lists, events_are_listed_by_sequence_for_those_they_concern) {
  transact([](Transaction& transaction) {
    for (const auto& [detail, account, instance] :
         std::initializer_list<std::array<const char*, 3>>{{"1 of a", "a", ""},
                                                           {"2 of i", "a", "i"},
                                                           {"3 of all", "", ""},
                                                           {"4 of b", "b", "j"},
                                                           {"5 of i", "a", "i"}}) {
      core::Event event = plain_event(detail);
      if (*account != '\0') {
        event.account = AccountId(account);
      }
      if (*instance != '\0') {
        event.instance = InstanceId(instance);
      }
      transaction.append_event(event);
    }
  });
  const auto list = [&](core::EventFilter filter) {
    return get([&](Transaction& transaction) { return transaction.list_events(filter); });
  };
  const auto all = list({});
  EXPECT_EQ(ids_of(all), (Ids{"1 of a", "2 of i", "3 of all", "4 of b", "5 of i"}));
  EXPECT_EQ(ids_of(list({.account = AccountId("a")})), (Ids{"1 of a", "2 of i", "3 of all", "5 of i"}));
  EXPECT_EQ(ids_of(list({.account = AccountId("b")})), (Ids{"3 of all", "4 of b"}));
  EXPECT_EQ(ids_of(list({.instance = InstanceId("i")})), (Ids{"2 of i", "5 of i"}));
  EXPECT_EQ(ids_of(list({.account = AccountId("b"), .instance = InstanceId("i")})), Ids{});
  EXPECT_EQ(ids_of(list({.after = all[1].sequence, .account = AccountId("a"), .limit = 1})), Ids{"3 of all"});
  EXPECT_EQ(ids_of(list({.after = all[4].sequence})), Ids{});
  EXPECT_EQ(ids_of(list({.after = std::numeric_limits<std::uint64_t>::max(),
                         .limit = std::numeric_limits<std::size_t>::max()})),
            Ids{});
  EXPECT_EQ(list({.limit = 0}).size(), 5U);
  const std::vector own = {core::EventType::image_ready, core::EventType::lab_ready};
  transact([&](Transaction& transaction) {
    for (const core::EventType type : own) {
      core::Event event = plain_event(type == own.front() ? "6 of an image" : "7 of a lab of a");
      event.type = type;
      event.account = type == own.front() ? std::nullopt : std::optional(AccountId("a"));
      transaction.append_event(event);
    }
  });
  EXPECT_EQ(ids_of(list({.types = own})), (Ids{"6 of an image", "7 of a lab of a"}));
  EXPECT_EQ(ids_of(list({.limit = 1, .types = own})), Ids{"6 of an image"});
  EXPECT_EQ(ids_of(list({.account = AccountId("a"), .types = own})), (Ids{"6 of an image", "7 of a lab of a"}));
  EXPECT_EQ(ids_of(list({.account = AccountId("b"), .types = own})), Ids{"6 of an image"});
  EXPECT_EQ(ids_of(list({.account = AccountId("a"), .types = {own.back()}})), Ids{"7 of a lab of a"});
  EXPECT_EQ(get([](Transaction& transaction) { return transaction.last_event_sequence(); }), all[4].sequence + 2);
}

}  // namespace
}  // namespace berth::stores::contract
