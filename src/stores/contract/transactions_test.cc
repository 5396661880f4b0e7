// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include "stores/contract/fixture.h"

namespace berth::stores::contract {
namespace {

class Transactions : public StoreTest {
 protected:
  Ids accounts() {
    return ids_of(get([](Transaction& transaction) { return transaction.list_accounts({.limit = 0}); }));
  }

  // Lets the first work wait until everything has been called for, so that a writer finds the rest as one group.
  void begin_gate() {
    begin(*store, [this](Transaction&) { gate_.get_future().wait(); }, [](std::exception_ptr, bool) {});
  }
  void run_with_gate() {
    boost::asio::post(loop, [this] { gate_.set_value(); });
    run();
  }

 private:
  std::promise<void> gate_;
};
INSTANTIATE_TEST_SUITE_P(Every, Transactions, testing::ValuesIn(all_kinds()), name_of_kind);

TEST_P(Transactions, a_transaction_says_whether_it_appended_events) {
  EXPECT_FALSE(transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); }));
  EXPECT_TRUE(transact([](Transaction& transaction) { transaction.append_event(plain_event("e")); }));
  EXPECT_FALSE(transact([](Transaction& transaction) { transaction.list_events({}); }));
}

TEST_P(Transactions, what_was_put_is_read_in_the_same_transaction) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    EXPECT_TRUE(transaction.find_account(AccountId("a")));
    const std::uint64_t sequence = transaction.append_event(plain_event("e"));
    EXPECT_EQ(transaction.last_event_sequence(), sequence);
  });
}

TEST_P(Transactions, a_throw_undoes_everything_and_reaches_the_caller) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("kept"));
    transaction.put_token(plain_token("kept", "kept"));
    transaction.put_token(plain_token("kept too", "kept"));
    transaction.put_image(plain_image("kept"));
    transaction.put_instance(plain_instance("kept", "kept"));
    transaction.append_event(plain_event("kept"));
  });
  const auto number = get([](Transaction& transaction) { return transaction.next_queue_number(); });
  const auto work = [](Transaction& transaction) {
    core::Account account = plain_account("kept");
    account.name = "changed";
    transaction.put_account(account);
    transaction.put_account(plain_account("new"));
    core::Token token = plain_token("kept", "new");
    token.expires_at = moment(0);
    transaction.put_token(token);
    transaction.put_token(plain_token("new", "new"));
    transaction.remove_token(TokenId("kept too"));
    transaction.remove_tokens_expired_before(moment(1));
    transaction.remove_image(ImageName("kept"));
    transaction.put_image(plain_image("new"));
    core::Instance instance = plain_instance("kept", "new");
    transaction.put_instance(instance);
    transaction.next_queue_number();
    transaction.append_event(plain_event("new"));
    throw std::domain_error("changed my mind");
  };
  EXPECT_THROW(transact(work), std::domain_error);
  transact([&](Transaction& transaction) {
    EXPECT_EQ(ids_of(transaction.list_accounts({})), Ids{"kept"});
    EXPECT_EQ(transaction.find_account(AccountId("kept"))->name, "");
    EXPECT_EQ(ids_of(transaction.list_tokens(AccountId("kept"), {})), (Ids{"kept", "kept too"}));
    EXPECT_EQ(ids_of(transaction.list_images()), Ids{"kept"});
    EXPECT_EQ(transaction.find_instance(InstanceId("kept"))->account.text(), "kept");
    EXPECT_EQ(ids_of(transaction.list_events({})), Ids{"kept"});
    EXPECT_GT(transaction.next_queue_number(), number);
  });
}

TEST_P(Transactions, a_throw_undoes_its_own_work_alone_among_a_group) {
  int undone = 0;
  begin_gate();
  for (int index = 0; index < 40; ++index) {
    const bool fails = index % 3 == 1;
    const std::string id = (fails ? "undone " : "kept ") + std::to_string(100 + index);
    begin(
        *store,
        [=](Transaction& transaction) {
          transaction.put_account(plain_account(id));
          transaction.append_event(plain_event(id));
          if (fails && index % 2 == 0) {
            throw Error(ErrorKind::exhausted, id);
          }
          if (fails) {  // by the database's own judgement
            transaction.put_token(plain_token("t" + id, "nobody"));
          }
        },
        [=, &undone](std::exception_ptr fault, bool appended) {
          EXPECT_EQ(fault != nullptr, fails);
          EXPECT_EQ(appended, !fails);
          undone += fault ? 1 : 0;
        });
  }
  run_with_gate();
  EXPECT_EQ(undone, 13);
  EXPECT_EQ(accounts().size(), 27U);
  for (const std::string& id : accounts()) {
    EXPECT_TRUE(id.starts_with("kept")) << id;
  }
  EXPECT_EQ(ids_of(get([](Transaction& transaction) { return transaction.list_events({.limit = 0}); })).size(), 27U);
}

TEST_P(Transactions, work_of_a_group_sees_what_was_done_before_it) {
  begin_gate();
  std::vector<std::size_t> seen;
  for (int index = 0; index < 20; ++index) {
    begin(
        *store,
        [&seen, index](Transaction& transaction) {
          seen.push_back(transaction.list_accounts({}).size());
          transaction.put_account(plain_account(std::to_string(index)));
        },
        [](std::exception_ptr fault, bool) { EXPECT_FALSE(fault); });
  }
  run_with_gate();
  std::vector<std::size_t> expected;
  for (std::size_t index = 0; index < 20; ++index) {
    expected.push_back(index);
  }
  EXPECT_EQ(seen, expected);
}

TEST_P(Transactions, a_verb_that_threw_undoes_everything_even_when_the_work_catches_it) {
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_account(plain_account("a"));
              try {
                transaction.put_token(plain_token("t", "nobody"));
              } catch (const Error&) {
              }
            }),
            ErrorKind::conflict);
  EXPECT_EQ(accounts(), Ids{});
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              transaction.put_account(plain_account("a"));
              try {
                transaction.put_account(plain_account(""));
              } catch (const Error&) {
              }
              transaction.put_account(plain_account("b"));
            }),
            ErrorKind::invalid_argument);
  EXPECT_EQ(accounts(), Ids{});
}

TEST_P(Transactions, a_token_hash_is_used_once) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_token(plain_token("one", "a"));
    transaction.put_token(plain_token("one", "a"));  // the same again is no second use
  });
  EXPECT_EQ(failure_of([](Transaction& transaction) {
              core::Token token = plain_token("two", "a");
              token.hash = "hash of one";
              transaction.put_token(token);
            }),
            ErrorKind::conflict);
}

TEST_P(Transactions, an_idempotency_key_is_used_once_by_an_account) {
  const auto with_key = [](const std::string& id, const std::string& account, const std::string& key) {
    core::Instance instance = plain_instance(id, account);
    instance.idempotency_key = key;
    return instance;
  };
  transact([&](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_account(plain_account("b"));
    transaction.put_instance(with_key("one", "a", "key"));
    transaction.put_instance(with_key("one", "a", "key"));
    transaction.put_instance(with_key("another key", "a", "KEY"));
    transaction.put_instance(with_key("another account", "b", "key"));
    transaction.put_instance(with_key("none", "a", ""));
    transaction.put_instance(with_key("none either", "a", ""));
  });
  EXPECT_EQ(failure_of([&](Transaction& transaction) { transaction.put_instance(with_key("two", "a", "key")); }),
            ErrorKind::conflict);
  EXPECT_EQ(
      get([](Transaction& transaction) { return transaction.find_instance_by_key(AccountId("a"), "key")->id.text(); }),
      "one");
}

TEST_P(Transactions, nothing_belongs_to_an_account_that_does_not_exist) {
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_token(plain_token("t", "nobody")); }),
            ErrorKind::conflict);
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.put_instance(plain_instance("i", "nobody")); }),
            ErrorKind::conflict);
}

TEST_P(Transactions, conflicts_again_and_again_leave_the_store_usable) {
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(failure_of([](Transaction& transaction) {
                core::Token token = plain_token("t", "nobody");
                token.expires_at = moment(-1);  // must not come back with the next token
                transaction.put_token(token);
              }),
              ErrorKind::conflict);
    transact([&](Transaction& transaction) {
      transaction.put_account(plain_account("a"));
      core::Token token = plain_token("t", "a");
      if (round % 2 == 1) {
        token.expires_at = moment(round);
      }
      transaction.put_token(token);
      EXPECT_EQ(show(*transaction.find_token(token.id)), show(token));
      transaction.remove_token(token.id);
    });
  }
}

TEST_P(Transactions, event_sequences_rise_in_the_order_of_commits_and_are_never_reused) {
  std::vector<std::uint64_t> given;
  for (int round = 0; round < 5; ++round) {
    transact([&](Transaction& transaction) { given.push_back(transaction.append_event(plain_event("kept"))); });
    EXPECT_THROW(transact([](Transaction& transaction) {
                   transaction.append_event(plain_event("undone"));
                   throw std::domain_error("no");
                 }),
                 std::domain_error);
    reopen();
  }
  std::vector<std::uint64_t> found;
  for (const core::Event& event : get([](Transaction& transaction) { return transaction.list_events({}); })) {
    found.push_back(event.sequence);
  }
  EXPECT_TRUE(std::ranges::is_sorted(given, std::less_equal())) << "rising";
  EXPECT_EQ(found, given);
}

TEST_P(Transactions, many_tasks_at_once_lose_nothing) {
  constexpr int tasks = 32;
  constexpr int rounds = 10;
  int ended = 0;
  const auto add = [](Transaction& transaction) {
    core::Account account = transaction.find_account(AccountId("counter")).value_or(plain_account("counter"));
    account.name = std::to_string(std::atoi(account.name.c_str()) + 1);
    transaction.put_account(account);
    transaction.append_event(plain_event(account.name));
  };
  std::function<void(int)> again = [&](int left) {
    begin(*store, add, [&, left](std::exception_ptr fault, bool appended) {
      EXPECT_FALSE(fault);
      EXPECT_TRUE(appended);
      ++ended;
      if (left > 1) {
        again(left - 1);
      }
    });
  };
  for (int task = 0; task < tasks; ++task) {
    again(rounds);
  }
  run();
  EXPECT_EQ(ended, tasks * rounds);
  transact([&](Transaction& transaction) {
    EXPECT_EQ(transaction.find_account(AccountId("counter"))->name, std::to_string(tasks * rounds));
    const auto events = transaction.list_events({.limit = 0});
    ASSERT_EQ(events.size(), static_cast<std::size_t>(tasks * rounds));
    for (std::size_t index = 0; index < events.size(); ++index) {
      EXPECT_EQ(events[index].detail, std::to_string(index + 1));
    }
  });
}

TEST_P(Transactions, callers_resume_on_their_own_thread_after_others_had_their_turn) {
  std::vector<std::string> order;
  const auto here = std::this_thread::get_id();
  begin(
      *store, [](Transaction& transaction) { transaction.put_account(plain_account("a")); },
      [&](std::exception_ptr, bool) {
        EXPECT_EQ(std::this_thread::get_id(), here);
        order.push_back("resumed");
      });
  boost::asio::post(loop, [&] { order.push_back("another"); });
  run();
  EXPECT_EQ(order, (std::vector<std::string>{"another", "resumed"}));
}

TEST_P(Transactions, work_that_was_queued_is_finished_before_the_store_goes) {
  begin_gate();
  int ended = 0;
  for (int index = 0; index < 300; ++index) {
    begin(
        *store, [=](Transaction& transaction) { transaction.put_account(plain_account(std::to_string(index))); },
        [&](std::exception_ptr fault, bool) {
          EXPECT_FALSE(fault);
          ++ended;
        });
  }
  run_with_gate();
  EXPECT_EQ(ended, 300);
  EXPECT_EQ(accounts().size(), 300U);
}

}  // namespace
}  // namespace berth::stores::contract
