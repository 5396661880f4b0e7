// SPDX-License-Identifier: Apache-2.0
// Durable commits a second: what an instance's change of state costs (one row replaced, one event appended), through
// the store and, as the floor, through SQLite's own interface by a single writer. The file is in $TMPDIR, or /tmp: mind
// what disk that is. With BERTH_BENCH_POSTGRESQL=postgresql://… (an empty database) also there.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "base/described.h"
#include "stores/sql/sql_store.h"

namespace berth {
namespace {

constexpr int concurrent_tasks = 64;

// A directory that goes at the end.
struct Directory {
  std::string path = (std::filesystem::temp_directory_path() / "berth-store-bench-XXXXXX").string();
  Directory() {
    if (mkdtemp(path.data()) == nullptr) {
      std::perror(path.c_str());
      std::exit(1);
    }
  }
  ~Directory() { std::filesystem::remove_all(path); }
};

core::Instance sample(int number) {
  core::Instance instance{.id = InstanceId("instance" + std::to_string(number)), .account = AccountId("a")};
  instance.name = "machine";
  instance.image = ImageName("debian");
  instance.plan.name = "small";
  instance.plan.description = "A small machine for a while";
  return instance;
}

async::Task<> change_states(core::Store& store, int task, int rounds) {
  core::Instance instance = sample(task);
  for (int round = 0; round < rounds; ++round) {
    instance.state = round % 2 == 0 ? core::InstanceState::running : core::InstanceState::asleep;
    co_await store.transact([&instance](core::Transaction& transaction) {
      transaction.put_instance(instance);
      transaction.append_event(
          {.account = instance.account, .instance = instance.id, .detail = "machine changed its state"});
    });
  }
}

async::Task<> put_account(core::Store& store) {
  co_await store.transact([](core::Transaction& transaction) { transaction.put_account({.id = AccountId("a")}); });
}

void through_the_store(benchmark::State& state, const std::string& url, int tasks) {
  boost::asio::io_context loop;
  const auto store = stores::sql::open({.url = url}, loop.get_executor());
  boost::asio::co_spawn(loop, put_account(*store), boost::asio::detached);
  loop.run();
  constexpr int rounds = 50;
  while (state.KeepRunningBatch(tasks * rounds)) {
    for (int task = 0; task < tasks; ++task) {
      boost::asio::co_spawn(loop, change_states(*store, task, rounds), boost::asio::detached);
    }
    loop.restart();
    loop.run();
  }
  state.SetItemsProcessed(state.iterations());
}

void in_sqlite(benchmark::State& state, int tasks) {
  const Directory directory;
  through_the_store(state, stores::sql::sqlite_url(directory.path + "/berth.sqlite"), tasks);
}

void require(int result, sqlite3* database) {
  if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) {
    std::fprintf(stderr, "%s\n", sqlite3_errmsg(database));
    std::exit(1);
  }
}

// One statement of the floor, with all its parameters as text but those that are numbers.
struct Prepared {
  sqlite3* database;
  sqlite3_stmt* statement = nullptr;
  Prepared(sqlite3* opened, const char* text) : database(opened) {
    require(sqlite3_prepare_v2(opened, text, -1, &statement, nullptr), opened);
  }
  ~Prepared() { sqlite3_finalize(statement); }
  void bind(int place, const std::string& text) {
    sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void run() {
    require(sqlite3_step(statement), database);
    sqlite3_reset(statement);
  }
};

void floor(benchmark::State& state) {
  const Directory directory;
  const std::string file = directory.path + "/berth.sqlite";
  boost::asio::io_context loop;
  stores::sql::open({.url = stores::sql::sqlite_url(file)}, loop.get_executor()).reset();  // the same tables
  sqlite3* database = nullptr;
  require(sqlite3_open(file.c_str(), &database), database);
  require(sqlite3_exec(database, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", nullptr, nullptr, nullptr),
          database);
  require(sqlite3_exec(database, "INSERT INTO accounts VALUES ('a', '', 'member', 0)", nullptr, nullptr, nullptr),
          database);
  {
    Prepared begin(database, "BEGIN IMMEDIATE");
    Prepared put(database,
                 "INSERT INTO instances (id, account, name, image, plan, state, queue_number, lifetime, created_at, "
                 "idempotency_key, idempotency_digest) VALUES (?, 'a', 'machine', 'debian', ?, ?, 0, 0, 0, '', '') ON "
                 "CONFLICT (id) DO UPDATE SET account = excluded.account, name = excluded.name, image = "
                 "excluded.image, plan = excluded.plan, state = excluded.state");
    Prepared append(database,
                    "INSERT INTO events (type, at, account, instance, detail) VALUES ('login', 0, 'a', ?, "
                    "'machine changed its state')");
    Prepared commit(database, "COMMIT");
    const core::Instance instance = sample(0);
    const std::string plan = print_json(to_json(instance.plan));
    const std::string states[] = {"running", "asleep"};
    bool running = false;
    for (auto _ : state) {
      running = !running;
      begin.run();
      put.bind(1, instance.id.text());
      put.bind(2, plan);
      put.bind(3, states[running ? 0 : 1]);
      put.run();
      append.bind(1, instance.id.text());
      append.run();
      commit.run();
    }
  }
  sqlite3_close(database);
  state.SetItemsProcessed(state.iterations());
}

// Remembers the rates, to print them as parts of the floor's.
class Rates final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      rates_[run.run_name.function_name] = run.counters.at("items_per_second");
    }
  }
  void print_ratios() const {
    const auto floor = rates_.find("floor");
    for (const auto& [name, rate] : rates_) {
      if (floor != rates_.end()) {
        std::printf("%-28s %10.0f commits/s %6.2f x floor\n", name.c_str(), rate, rate / floor->second);
      }
    }
  }

 private:
  std::map<std::string, double> rates_;
};

}  // namespace
}  // namespace berth

int main(int count, char** arguments) {
  using namespace berth;
  benchmark::Initialize(&count, arguments);
  benchmark::RegisterBenchmark("floor", floor)->UseRealTime();
  benchmark::RegisterBenchmark("sqlite_one_by_one", [](benchmark::State& state) {
    in_sqlite(state, 1);
  })->UseRealTime();
  benchmark::RegisterBenchmark("sqlite_64_at_once", [](benchmark::State& state) {
    in_sqlite(state, concurrent_tasks);
  })->UseRealTime();
  if (const char* url = std::getenv("BERTH_BENCH_POSTGRESQL")) {
    const std::string text = url;
    benchmark::RegisterBenchmark("postgresql_one_by_one", [=](benchmark::State& state) {
      through_the_store(state, text, 1);
    })->UseRealTime();
    benchmark::RegisterBenchmark("postgresql_64_at_once", [=](benchmark::State& state) {
      through_the_store(state, text, concurrent_tasks);
    })->UseRealTime();
  }
  Rates rates;
  benchmark::RunSpecifiedBenchmarks(&rates);
  rates.print_ratios();
}
