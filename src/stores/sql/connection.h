// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "stores/sql/location.h"
#include "stores/sql/query.h"

namespace berth::stores::sql {

using TakeRow = std::function<void(std::span<const Value>)>;

// One connection to the database, used by one thread at a time. Every failure is an Error (faults.h); after one that
// leaves the connection or its transaction in doubt, usable() is false and the connection is only good to be dropped.
class Connection {
 public:
  // Connects, and makes commits durable; throws Error{unavailable}.
  explicit Connection(const Location& location);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Dialect dialect() const { return location_.dialect; }

  // As the only one who writes: what is read then stays so until the end, and commits are in the order of begins.
  void begin();
  void commit();
  void roll_back() noexcept;
  // A part of the transaction that can be undone alone.
  void begin_part();
  void end_part();
  void undo_part();

  // Whether a transaction is open and can be committed.
  bool in_transaction();
  // Whether the connection is there and outside a transaction.
  bool usable();

  // Runs a statement, prepared when it is first seen, with `take_row` for each row of columns of those kinds. How many
  // rows it changed.
  std::size_t execute(Query query, const std::vector<Kind>& kinds = {}, const TakeRow& take_row = {});
  // Runs text without parameters once: for definitions.
  void define(const std::string& text);

 private:
  struct Session;
  struct Statement;

  template <class Work>
  auto translate(Work work);
  void connect_sqlite();
  void connect_postgresql();
  void control(const char* sqlite, const char* postgresql);
  Statement& prepared(const Query& query, const std::vector<Value>& parameters, const std::vector<Kind>& kinds);

  const Location location_;
  std::unique_ptr<Session> session_;
};

}  // namespace berth::stores::sql
