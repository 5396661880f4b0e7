// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/connection.h"

#include <fcntl.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/descriptor.h"
#include "core/storable.h"
#include "stores/sql/faults.h"

namespace berth::stores::sql {
namespace {

// The key of the advisory lock that every Berth takes to write: "berth" in ASCII.
constexpr const char* begin_postgresql =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(422608794728)";

[[noreturn]] void cannot_open(const std::string& what, const std::string& why) {
  throw Error(ErrorKind::unavailable, what + " cannot be opened: " + why);
}

}  // namespace

// A statement with the variables that it is bound to.
struct Connection::Statement {
  Statement(soci::session& session, const std::string& text, std::vector<Value> first, const std::vector<Kind>& kinds)
      : parameters(std::move(first)),
        parameter_states(parameters.size(), soci::i_ok),
        columns(kinds.size()),
        column_states(kinds.size(), soci::i_ok),
        statement(session) {
    for (std::size_t index = 0; index < parameters.size(); ++index) {
      bind(parameters[index],
           [&](auto& variable) { statement.exchange(soci::use(variable, parameter_states[index])); });
    }
    for (std::size_t index = 0; index < columns.size(); ++index) {
      columns[index].kind = kinds[index];
      bind(columns[index], [&](auto& variable) { statement.exchange(soci::into(variable, column_states[index])); });
    }
    statement.alloc();
    statement.prepare(text);
    statement.define_and_bind();
  }

  template <class Exchange>
  static void bind(Value& value, Exchange exchange) {
    switch (value.kind) {
      case Kind::integer:
        return exchange(value.integer);
      case Kind::real:
        return exchange(value.real);
      case Kind::text:
        return exchange(value.text);
    }
  }

  std::size_t run(std::vector<Value> values, const TakeRow& take_row) {
    for (std::size_t index = 0; index < parameters.size(); ++index) {
      parameters[index].integer = values[index].integer;
      parameters[index].real = values[index].real;
      parameters[index].text = std::move(values[index].text);
      parameter_states[index] = values[index].is_null ? soci::i_null : soci::i_ok;
    }
    if (columns.empty()) {
      statement.execute(true);
      return static_cast<std::size_t>(std::max(0LL, statement.get_affected_rows()));
    }
    statement.execute(false);
    while (statement.fetch()) {  // to the end, which is where SQLite lets go of the table
      for (std::size_t index = 0; index < columns.size(); ++index) {
        columns[index].is_null = column_states[index] == soci::i_null;
      }
      take_row(columns);
    }
    return 0;
  }

  std::vector<Value> parameters;
  std::vector<soci::indicator> parameter_states;
  std::vector<Value> columns;
  std::vector<soci::indicator> column_states;
  soci::statement statement;
};

struct Connection::Session {
  soci::session session;
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements;
  // Statements that failed: SOCI leaves them half bound, and PostgreSQL forgets none before its transaction is undone.
  std::vector<std::unique_ptr<Statement>> failed;

  sqlite_api::sqlite3* sqlite() { return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_; }
  PGconn* postgresql() { return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_; }
};

// Runs `work` and makes SOCI's exceptions ours. Their texts stay here: they quote statements and parameters.
template <class Work>
auto Connection::translate(Work work) {
  try {
    return work();
  } catch (const soci::postgresql_soci_error& error) {
    const std::string sqlstate = error.sqlstate();
    throw PQstatus(session_->postgresql()) == CONNECTION_BAD ? lost_connection() : postgresql_fault(sqlstate);
  } catch (const soci::soci_error&) {
    if (dialect() == Dialect::sqlite) {
      throw sqlite_fault(sqlite_api::sqlite3_extended_errcode(session_->sqlite()));
    }
    throw PQstatus(session_->postgresql()) == CONNECTION_BAD ? lost_connection() : postgresql_fault("none");
  }
}

Connection::Connection(const Location& location) : location_(location), session_(std::make_unique<Session>()) {
  if (dialect() == Dialect::sqlite) {
    connect_sqlite();
  } else {
    connect_postgresql();
  }
}

Connection::~Connection() {
  roll_back();
  session_->statements.clear();
  session_->failed.clear();
}

void Connection::connect_sqlite() {
  const std::string what = "the database " + location_.file;
  // Created here, so that nobody else may read the hashes of tokens; SQLite's own files follow its mode.
  Descriptor file(::open(location_.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) {
    const int reason = errno;
    const char* advice = reason == ENOENT                       ? "; make its directory first"
                         : reason == EACCES || reason == EROFS  ? "; make it writable for this program"
                         : reason == ENOSPC || reason == EDQUOT ? "; make room on its disk"
                                                                : "";
    cannot_open(what, std::strerror(reason) + std::string(advice));
  }
  // Before SQLite opens it: closing any descriptor of a file drops all of the process's POSIX locks on it, and another
  // process that saw no lock would delete the write-ahead log under us.
  file = Descriptor();
  try {
    session_->session.open(soci::sqlite3, "db=\"" + location_.file + "\"");
  } catch (const soci::soci_error&) {
    cannot_open(what, "SQLite refuses it");
  }
  define("PRAGMA busy_timeout = " + std::to_string(location_.lock_wait.count()));
  std::string mode;
  translate([&] { session_->session << "PRAGMA journal_mode = WAL", soci::into(mode); });
  if (mode != "wal") {
    cannot_open(what, "its file system does not support write-ahead logs; put it on a local disk");
  }
  define("PRAGMA synchronous = FULL");
  define("PRAGMA foreign_keys = ON");
  define("PRAGMA temp_store = MEMORY");  // no file, and so no descriptor, in the middle of a transaction
}

void Connection::connect_postgresql() {
  try {
    session_->session.open(soci::postgresql, location_.connection.reveal());
  } catch (const soci::soci_error& error) {
    std::string reason = error.what();  // libpq's, for example "connection to server … failed: …"; never the password
    reason = reason.substr(reason.find('\n') + 1);
    cannot_open("the PostgreSQL database", reason.substr(0, reason.find('\n')));
  }
  std::string encoding;
  translate([&] { session_->session << "SHOW server_encoding", soci::into(encoding); });
  if (encoding != "UTF8") {
    cannot_open("the PostgreSQL database", "its encoding is " + encoding + "; create it WITH ENCODING 'UTF8'");
  }
  const auto wait = std::max<Milliseconds::rep>(1, location_.lock_wait.count());  // 0 would be for ever
  define("SET lock_timeout = " + std::to_string(wait));
  define("SET client_min_messages = error");  // of notices libpq prints each
  define(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', "
      "'local')");
}

void Connection::control(const char* sqlite, const char* postgresql) {
  if (dialect() == Dialect::sqlite) {
    execute(Query(sqlite));
  } else {
    define(postgresql);
  }
}

void Connection::begin() { control("BEGIN IMMEDIATE", begin_postgresql); }

void Connection::commit() {
  if (!in_transaction()) {
    throw lost_connection();  // PostgreSQL would answer COMMIT with a quiet ROLLBACK
  }
  control("COMMIT", "COMMIT");
}

void Connection::roll_back() noexcept {
  try {
    if (!usable()) {
      control("ROLLBACK", "ROLLBACK");
    }
  } catch (...) {  // usable() tells
  }
  session_->failed.clear();
}

void Connection::begin_part() { control("SAVEPOINT part", "SAVEPOINT part"); }

void Connection::end_part() { control("RELEASE SAVEPOINT part", "RELEASE SAVEPOINT part"); }

void Connection::undo_part() {
  if (dialect() == Dialect::sqlite && !in_transaction()) {  // as it does when the disk is full
    throw Error(ErrorKind::unavailable, "the database had to undo more than was asked: try again");
  }
  control("ROLLBACK TO SAVEPOINT part", "ROLLBACK TO SAVEPOINT part");
  session_->failed.clear();
  end_part();
}

bool Connection::in_transaction() {
  if (dialect() == Dialect::sqlite) {
    return sqlite_api::sqlite3_get_autocommit(session_->sqlite()) == 0;
  }
  return PQtransactionStatus(session_->postgresql()) == PQTRANS_INTRANS;
}

bool Connection::usable() {
  if (dialect() == Dialect::sqlite) {
    return !in_transaction();
  }
  return PQtransactionStatus(session_->postgresql()) == PQTRANS_IDLE;
}

Connection::Statement& Connection::prepared(const Query& query, const std::vector<Value>& parameters,
                                            const std::vector<Kind>& kinds) {
  const auto found = session_->statements.find(query.text());
  if (found != session_->statements.end()) {
    return *found->second;
  }
  auto statement = std::make_unique<Statement>(session_->session, query.text(), parameters, kinds);
  return *session_->statements.emplace(query.text(), std::move(statement)).first->second;
}

std::size_t Connection::execute(Query query, const std::vector<Kind>& kinds, const TakeRow& take_row) {
  std::vector<Value> parameters = query.take_parameters();
  for (const Value& parameter : parameters) {
    core::require_text(parameter.text, "a text");
  }
  return translate([&] {
    Statement& statement = prepared(query, parameters, kinds);
    try {
      return statement.run(std::move(parameters), take_row);
    } catch (...) {
      const auto place = session_->statements.find(query.text());
      session_->failed.push_back(std::move(place->second));
      session_->statements.erase(place);
      throw;
    }
  });
}

void Connection::define(const std::string& text) {
  translate([&] { session_->session << text; });
}

}  // namespace berth::stores::sql
