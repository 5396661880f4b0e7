// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <set>

#include "stores/contract/fixture.h"
#include "stores/contract/program.h"

namespace berth::stores::contract {
namespace {

class Durability : public StoreTest {
 protected:
  DatabasePlace& database() { return dynamic_cast<DatabasePlace&>(*place); }
};
INSTANTIATE_TEST_SUITE_P(Every, Durability, testing::ValuesIn(database_kinds()), name_of_kind);

TEST_P(Durability, a_killed_program_leaves_all_that_was_acknowledged_and_no_halves) {
  std::set<std::string> acknowledged;
  {
    Program storm({BERTH_STORE_STORM, database().settings().url});
    std::string line;
    while (acknowledged.size() < 500 && storm.read_line(line)) {
      acknowledged.insert(line);
    }
    ASSERT_EQ(acknowledged.size(), 500U) << "it said " << line;
    storm.signal(SIGKILL);
    while (storm.read_line(line)) {
      acknowledged.insert(line);
    }
    EXPECT_TRUE(WIFSIGNALED(storm.wait()));
  }
  reopen();
  transact([&](Transaction& transaction) {
    const auto accounts = ids_of(transaction.list_accounts({.limit = 0}));
    const std::set<std::string> kept(accounts.begin(), accounts.end());
    for (const std::string& id : acknowledged) {
      EXPECT_TRUE(kept.contains(id)) << id;
    }
    const auto events = transaction.list_events({.limit = 0});
    ASSERT_EQ(events.size(), 2 * kept.size());
    for (std::size_t index = 0; index < events.size(); index += 2) {
      EXPECT_EQ(events[index].detail, "first half of " + events[index].account->text());
      EXPECT_EQ(events[index + 1].detail, "second half of " + events[index].account->text());
      EXPECT_TRUE(kept.contains(events[index].account->text()));
    }
  });
}

TEST_P(Durability, two_stores_on_one_database_do_not_spoil_each_others_work) {
  const auto second = place->open(loop.get_executor());
  constexpr int rounds = 50;
  const auto add = [](Transaction& transaction) {
    core::Account account = transaction.find_account(AccountId("counter")).value_or(plain_account("counter"));
    account.name = std::to_string(std::atoi(account.name.c_str()) + 1);
    transaction.put_account(account);
    transaction.append_event(plain_event(account.name));
  };
  std::function<void(core::Store&, int)> again = [&](core::Store& in, int left) {
    begin(in, add, [&, left](std::exception_ptr fault, bool) {
      EXPECT_FALSE(fault);
      if (left > 1) {
        again(in, left - 1);
      }
    });
  };
  again(*store, rounds);
  again(*second, rounds);
  run();
  const auto events = get([](Transaction& transaction) { return transaction.list_events({.limit = 0}); });
  ASSERT_EQ(events.size(), static_cast<std::size_t>(2 * rounds));
  for (std::size_t index = 0; index < events.size(); ++index) {
    EXPECT_EQ(events[index].detail, std::to_string(index + 1)) << "commits in the order of their sequences";
  }
}

TEST_P(Durability, a_database_of_a_newer_version_is_refused) {
  store.reset();
  database().run("INSERT INTO schema_version (version, name) VALUES (1000, 'from the future')");
  try {
    place->open(loop.get_executor());
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("newer version of Berth (schema 1000"), std::string::npos) << error.what();
  }
}

TEST_P(Durability, rows_of_before_a_plan_had_a_field_stay_readable) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_instance(plain_instance("i", "a"));
  });
  database().run("UPDATE instances SET plan = '{\"name\":\"old\",\"processes\":7}'");
  const auto found = get([](Transaction& transaction) { return transaction.find_instance(InstanceId("i")); });
  EXPECT_EQ(found->plan.name, "old");
  EXPECT_EQ(found->plan.processes, 7U);
  EXPECT_EQ(found->plan.open_files, core::Plan{}.open_files);
}

TEST_P(Durability, what_a_newer_version_wrote_into_a_row_is_named_not_misread) {
  transact([](Transaction& transaction) {
    transaction.put_account(plain_account("a"));
    transaction.put_token(plain_token("t", "a"));
    transaction.put_instance(plain_instance("i", "a"));
  });
  database().run("UPDATE instances SET state = 'levitating'");
  database().run("UPDATE tokens SET scopes = 'instances_read,time_travel'");
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.list_instances({}); }), ErrorKind::unavailable);
  EXPECT_NE(message.find("levitating"), std::string::npos) << message;
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.find_token(TokenId("t")); }), ErrorKind::unavailable);
  EXPECT_NE(message.find("time_travel"), std::string::npos) << message;
  transact([](Transaction& transaction) { EXPECT_TRUE(transaction.find_account(AccountId("a"))); });
}

}  // namespace
}  // namespace berth::stores::contract
