// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/postgres_server.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace berth::stores::contract {
namespace {

std::filesystem::path find_programs() {
  std::filesystem::path newest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (exists(entry.path() / "bin/postgres") && exists(entry.path() / "bin/initdb") &&
        (newest.empty() || std::atoi(entry.path().filename().c_str()) > std::atoi(newest.filename().c_str()))) {
      newest = entry.path();
    }
  }
  if (newest.empty()) {
    throw std::runtime_error("PostgreSQL is missing: apt-get install postgresql");
  }
  return newest / "bin";
}

// Everything a program says, once it has ended well.
void run_to_end(const std::vector<std::string>& arguments) {
  Program program(arguments);
  std::string said;
  for (std::string line; program.read_line(line);) {
    said += line + "\n";
  }
  if (program.wait() != 0) {
    throw std::runtime_error(arguments[0] + " failed:\n" + said);
  }
}

}  // namespace

PostgresServer::PostgresServer() : programs_(find_programs()) {
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::runtime_error("there is no user postgres: apt-get install postgresql");
    }
  }
  const auto place = (directory_.path() / "cluster").string();
  run_to_end(
      as_postgres({programs_ / "initdb", "--pgdata", place, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                   "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"}));
  std::ofstream(place + "/pg_hba.conf") << "local all needs_password scram-sha-256\nlocal all all trust\n";
  start();
}

PostgresServer::~PostgresServer() {
  if (server_) {
    crash();
  }
}

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

std::vector<std::string> PostgresServer::as_postgres(std::vector<std::string> arguments) const {
  if (geteuid() == 0) {  // which PostgreSQL refuses to run as
    const std::vector<std::string> before = {"setpriv",        "--reuid=postgres", "--regid=postgres",
                                             "--clear-groups", "--pdeathsig=KILL", "--"};
    arguments.insert(arguments.begin(), before.begin(), before.end());
  }
  return arguments;
}

void PostgresServer::start() {
  const auto place = directory_.path().string();
  server_ = std::make_unique<Program>(
      as_postgres({programs_ / "postgres", "-D", place + "/cluster", "-k", place, "-c", "listen_addresses=", "-c",
                   "lc_messages=C", "-c", "shared_buffers=16MB", "-c", "max_connections=20", "-c", "fsync=off"}));
  std::string said;
  for (std::string line; server_->read_line(line);) {
    said += line + "\n";
    if (line.find("ready to accept connections") != std::string::npos) {
      drain_ = std::thread([this] { server_->drain(); });
      return;
    }
  }
  server_.reset();
  throw std::runtime_error("postgres did not start:\n" + said);
}

void PostgresServer::crash() {
  server_->signal(SIGQUIT);
  server_->wait();
  drain_.join();
  server_.reset();
}

std::string PostgresServer::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + directory_.path().string();
}

std::string PostgresServer::make_database(const std::string& options) {
  const std::string name = "berth_" + std::to_string(++databases_);
  run("postgres", "CREATE DATABASE " + name + " " + options);
  return name;
}

void PostgresServer::run(const std::string& database, const std::string& statements) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url(database).c_str()), PQfinish);
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), statements.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(statements + ": " + PQerrorMessage(connection.get()));
  }
}

}  // namespace berth::stores::contract
