// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "stores/contract/program.h"

namespace berth::stores::contract {

// A PostgreSQL server from Debian's package in a temporary directory, on a unix socket only. Its databases sort text as
// English does, as an operator's may. Runs as user postgres, which it needs when the tests run as root.
class PostgresServer {
 public:
  // Throws with a sentence that says what to install when PostgreSQL is missing.
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The one of this program, started when first asked for and stopped at the program's end.
  static PostgresServer& shared();

  void start();
  // As in a crash: what the server has not made durable is gone.
  void crash();

  // A new, empty database; its name.
  std::string make_database(const std::string& options = {});
  std::string url(const std::string& database, const std::string& user = "postgres") const;
  // Runs statements as the superuser.
  void run(const std::string& database, const std::string& statements) const;

 private:
  std::vector<std::string> as_postgres(std::vector<std::string> arguments) const;

  TemporaryDirectory directory_;
  std::filesystem::path programs_;
  std::unique_ptr<Program> server_;
  std::thread drain_;  // reads the server's log, which would block it when nobody does
  int databases_ = 0;
};

}  // namespace berth::stores::contract
