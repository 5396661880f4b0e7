// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <future>
#include <set>
#include <thread>

#include "base/secret.h"
#include "stores/contract/fixture.h"
#include "stores/contract/postgres_server.h"
#include "stores/contract/program.h"
#include "stores/sql/sql_store.h"

namespace berth::stores::contract {
namespace {

class PostgresqlFaults : public StoreTest {
 protected:
  void SetUp() override {
    database = server.make_database();
    settings = {.url = server.url(database), .lock_wait = Seconds{0}};
    store = sql::open(settings, loop.get_executor());
  }

  void end_connections() {
    server.run("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'berth'");
  }

  // The back-off after a failed attempt is bounded, so that some later work succeeds.
  void work_until_it_succeeds() {
    const auto deadline = std::chrono::steady_clock::now() + Seconds{60};
    while (failure_of([](Transaction& transaction) { transaction.put_account(plain_account("after")); })) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << message;
    }
  }

  std::string refusal() {
    try {
      sql::open(settings, loop.get_executor());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      return error.what();
    }
    return "opened";
  }

  Ids accounts() {
    return ids_of(get([](Transaction& transaction) { return transaction.list_accounts({.limit = 0}); }));
  }

  PostgresServer& server = PostgresServer::shared();
  std::string database;
  sql::Settings settings;
};
INSTANTIATE_TEST_SUITE_P(One, PostgresqlFaults, testing::Values(Kind{.name = "postgresql", .make_place = {}}),
                         name_of_kind);

TEST_P(PostgresqlFaults, a_lost_connection_fails_the_work_under_way_and_the_next_reconnects) {
  EXPECT_EQ(failure_of([this](Transaction& transaction) {
              transaction.put_account(plain_account("lost"));
              end_connections();
              transaction.put_account(plain_account("lost too"));
            }),
            ErrorKind::unavailable);
  EXPECT_NE(message.find("connection to the database was lost"), std::string::npos) << message;
  EXPECT_EQ(accounts(), Ids{});
}

TEST_P(PostgresqlFaults, a_connection_lost_before_the_commit_is_no_success) {
  EXPECT_EQ(failure_of([this](Transaction& transaction) {
              transaction.put_account(plain_account("lost"));
              end_connections();
            }),
            ErrorKind::unavailable);
  EXPECT_EQ(accounts(), Ids{});
}

TEST_P(PostgresqlFaults, a_connection_lost_in_the_middle_of_a_group_fails_all_of_it) {
  std::promise<void> gate;
  int failed = 0;
  std::promise<void> alone;
  begin(
      *store,
      [&](Transaction&) {
        alone.set_value();
        gate.get_future().wait();
      },
      [](std::exception_ptr, bool) {});
  loop.poll();
  alone.get_future().wait();  // it is a group of its own: the ten come later
  for (int index = 0; index < 10; ++index) {
    begin(
        *store,
        [this, index](Transaction& transaction) {
          transaction.put_account(plain_account(std::to_string(index)));
          if (index == 5) {
            end_connections();
          }
        },
        [&](std::exception_ptr fault, bool) { failed += fault ? 1 : 0; });
  }
  // Behind all ten, however often each of them goes round the loop before it is in the store's queue.
  std::function<void(int)> open_after = [&](int turns) {
    turns == 0 ? gate.set_value() : boost::asio::post(loop, [&open_after, turns] { open_after(turns - 1); });
  };
  open_after(20);
  run();
  EXPECT_EQ(failed, 10);
  EXPECT_EQ(accounts(), Ids{});
}

TEST_P(PostgresqlFaults, a_server_that_is_away_is_said_to_be_and_is_found_again) {
  transact([](Transaction& transaction) { transaction.put_account(plain_account("before")); });
  server.crash();
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.list_accounts({}); }), ErrorKind::unavailable);
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.list_accounts({}); }), ErrorKind::unavailable);
  EXPECT_NE(message.find("cannot be reached"), std::string::npos) << message;
  EXPECT_NE(refusal().find("PostgreSQL database cannot be opened"), std::string::npos) << refusal();
  server.start();
  work_until_it_succeeds();
  EXPECT_EQ(accounts(), (Ids{"after", "before"}));
}

TEST_P(PostgresqlFaults, a_server_that_crashes_keeps_all_that_was_acknowledged) {
  std::set<std::string> acknowledged;
  Program storm({BERTH_STORE_STORM, settings.url});
  std::string line;
  while (acknowledged.size() < 200 && storm.read_line(line)) {
    acknowledged.insert(line);
  }
  server.crash();
  storm.signal(SIGTERM);
  while (storm.read_line(line)) {
    if (line.starts_with("t")) {  // and not what it says of its end
      acknowledged.insert(line);
    }
  }
  server.start();
  work_until_it_succeeds();
  const Ids found = accounts();
  const std::set<std::string> kept(found.begin(), found.end());
  EXPECT_GE(acknowledged.size(), 200U);
  for (const std::string& id : acknowledged) {
    EXPECT_TRUE(kept.contains(id)) << id;
  }
}

TEST_P(PostgresqlFaults, another_program_that_keeps_the_lock_is_named_and_later_work_succeeds) {
  std::promise<void> held;
  std::promise<void> release;
  std::thread other([&] {
    boost::asio::io_context other_loop;
    const auto other_store = sql::open(settings, other_loop.get_executor());
    const auto hold = [&](Transaction&) {
      held.set_value();
      release.get_future().wait();
    };
    boost::asio::co_spawn(other_loop, other_store->transact(hold), [](std::exception_ptr, bool) {});
    other_loop.run();
  });
  held.get_future().wait();
  EXPECT_EQ(failure_of([](Transaction& transaction) { transaction.list_accounts({}); }), ErrorKind::unavailable);
  EXPECT_NE(message.find("another program keeps the database locked"), std::string::npos) << message;
  release.set_value();
  other.join();
  transact([](Transaction& transaction) { transaction.put_account(plain_account("a")); });
}

TEST_P(PostgresqlFaults, a_password_of_any_characters_is_read_from_its_file) {
  const std::string password = "sp ace 'quote' \"double\" back\\slash %41 &x=y ?#/ ü";
  server.run("postgres",
             "CREATE ROLE needs_password LOGIN PASSWORD 'sp ace ''quote'' \"double\" back\\slash %41 &x=y "
             "?#/ ü'");
  server.run("postgres", "ALTER DATABASE " + database + " OWNER TO needs_password");
  store.reset();
  server.run(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION needs_password");
  const TemporaryDirectory directory;
  settings = {.url = server.url(database, "needs_password"), .password_file = directory.path() / "password"};
  write_secret_file(settings.password_file, Secret(password));
  EXPECT_EQ(refusal(), "opened");
  write_secret_file(settings.password_file, Secret("wrong" + password));
  EXPECT_NE(refusal().find("password authentication failed"), std::string::npos) << refusal();
  EXPECT_EQ(refusal().find("sp ace"), std::string::npos) << refusal();
  server.run("postgres", "ALTER DATABASE " + database + " OWNER TO postgres");
  server.run(database, "DROP OWNED BY needs_password; DROP ROLE needs_password");
}

TEST_P(PostgresqlFaults, a_database_that_cannot_hold_all_text_is_refused) {
  const std::string latin =
      server.make_database("ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0");
  settings.url = server.url(latin);
  EXPECT_NE(refusal().find("ENCODING 'UTF8'"), std::string::npos) << refusal();
}

}  // namespace
}  // namespace berth::stores::contract
