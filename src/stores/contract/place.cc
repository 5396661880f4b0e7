// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/place.h"

#include <sqlite3.h>

#include <stdexcept>
#include <utility>

#include "stores/contract/postgres_server.h"
#include "stores/contract/program.h"
#include "stores/memory/memory_store.h"

namespace berth::stores::contract {
namespace {

// There is nothing to open a memory store from again: it stays, and the stores that are opened stand for it.
class MemoryPlace final : public Place {
 public:
  std::unique_ptr<core::Store> open(const async::Executor&) override { return std::make_unique<Standing>(*store_); }

 private:
  class Standing final : public core::Store {
   public:
    explicit Standing(core::Store& store) : store_(store) {}
    async::Task<bool> transact(std::function<void(core::Transaction&)> work) override {
      return store_.transact(std::move(work));
    }

   private:
    core::Store& store_;
  };

  std::unique_ptr<core::Store> store_ = memory::open();
};

class SqlitePlace final : public DatabasePlace {
 public:
  sql::Settings settings() const override {
    return {.url = sql::sqlite_url(directory_.path() / "a file's \303\244 name%20&?.sqlite")};
  }
  void run(const std::string& statement) override {
    sqlite3* database = nullptr;
    if (sqlite3_open((directory_.path() / "a file's \303\244 name%20&?.sqlite").c_str(), &database) != SQLITE_OK ||
        sqlite3_exec(database, statement.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(database));
    }
    sqlite3_close(database);
  }

 private:
  TemporaryDirectory directory_;
};

class PostgresPlace final : public DatabasePlace {
 public:
  sql::Settings settings() const override { return {.url = server_.url(database_)}; }
  void run(const std::string& statement) override { server_.run(database_, statement); }

 private:
  PostgresServer& server_ = PostgresServer::shared();
  const std::string database_ = server_.make_database();
};

template <class Place>
Kind kind(const std::string& name) {
  return {.name = name, .make_place = [] { return std::make_unique<Place>(); }};
}

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds = database_kinds();
  kinds.push_back(kind<MemoryPlace>("memory"));
  return kinds;
}

std::vector<Kind> database_kinds() { return {kind<SqlitePlace>("sqlite"), kind<PostgresPlace>("postgresql")}; }

}  // namespace berth::stores::contract
