// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "stores/sql/sql_store.h"

namespace berth::stores::sql {

enum class Dialect { sqlite, postgresql };

// A database, as its driver wants to be told of it.
struct Location {
  Dialect dialect = Dialect::sqlite;
  std::string file;   // of SQLite
  Secret connection;  // of PostgreSQL: a connection URI, with the password
  Milliseconds lock_wait{};
};

// Throws Error{invalid_argument}; reads the password file and throws when it cannot.
Location locate(const Settings& settings);

}  // namespace berth::stores::sql
