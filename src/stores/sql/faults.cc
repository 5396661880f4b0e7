// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/faults.h"

#include <sqlite3.h>

namespace berth::stores::sql {
namespace {

using enum ErrorKind;

Error duplicate() { return {conflict, "the same thing, or its key, is already there"}; }
Error no_account() { return {conflict, "it belongs to an account that does not exist"}; }
Error full() { return {unavailable, "the disk of the database is full: make room on it, then try again"}; }
Error locked() {
  return {unavailable, "another program keeps the database locked: try again, or stop that program first"};
}
Error read_only() {
  return {unavailable, "the database cannot be written: make it, and its directory, writable for this program"};
}

}  // namespace

Error sqlite_fault(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return duplicate();
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return no_account();
    default:
      break;
  }
  switch (extended_code & 0xFF) {
    case SQLITE_FULL:
      return full();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return locked();
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return read_only();
    case SQLITE_IOERR:
      return {unavailable, "the disk of the database cannot be read or written: look into the system's log"};
    case SQLITE_NOTADB:
      return {unavailable, "the file of the database is no SQLite database: name another one, or restore a backup"};
    case SQLITE_CORRUPT:
      return {unavailable, "the database is damaged: stop the server and restore a backup"};
    case SQLITE_NOMEM:
      return {unavailable, "there is not enough memory for the database: try again"};
    case SQLITE_TOOBIG:
      return {too_large, "it is more than the database can keep"};
    default:
      return {internal, "the database refused a statement (SQLite code " + std::to_string(extended_code) +
                            "): please report this"};
  }
}

Error postgresql_fault(const std::string& sqlstate) {
  const std::string family = sqlstate.substr(0, 2);
  if (sqlstate == "23505") {
    return duplicate();
  }
  if (sqlstate == "23503") {
    return no_account();
  }
  if (sqlstate == "53100") {
    return full();
  }
  if (sqlstate == "55P03") {
    return locked();
  }
  if (sqlstate == "25006" || sqlstate == "42501") {
    return read_only();
  }
  if (sqlstate == "54000") {
    return {too_large, "it is more than the database can keep"};
  }
  if (family == "08" || sqlstate.starts_with("57P")) {
    return lost_connection();
  }
  if (family == "53" || family == "58" || family == "40" || family == "57") {
    return {unavailable, "the database server is in trouble (SQLSTATE " + sqlstate +
                             "): try again, and look into its log if that does not help"};
  }
  return {internal, "the database refused a statement (SQLSTATE " + sqlstate + "): please report this"};
}

Error lost_connection() {
  return {unavailable, "the connection to the database was lost: see whether the change was made, then try again"};
}

}  // namespace berth::stores::sql
