// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <optional>

#include "async/cancelled.h"
#include "base/error.h"
#include "server/log.h"
#include "server/notify.h"
#include "server/wiring.h"

namespace berth::server {
namespace {

async::Task<> serve(async::Executor executor, Config config) {
  Wiring wiring(executor, std::move(config), log_line);
  co_await wiring.open();
  std::cout << "ready " << wiring.url() << std::endl;
  notify_ready();
  co_await wiring.serve();
}

// Connections are descriptors, and the soft limit is for programs that use select().
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Runs the task until it ends or a signal cancels it. The exit status.
int run(const std::function<async::Task<>(async::Executor)>& begin) {
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  boost::asio::cancellation_signal cancel;
  std::exception_ptr fault;
  signals.async_wait([&](const boost::system::error_code& stopped, int) {
    if (!stopped) {
      cancel.emit(boost::asio::cancellation_type::terminal);
    }
  });
  boost::asio::co_spawn(loop, begin(loop.get_executor()),
                        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr ended) {
                          fault = ended;
                          signals.cancel();
                        }));
  loop.run();
  if (fault && !async::is_cancellation(fault)) {
    std::cerr << "berthd: " << async::describe_fault(fault) << std::endl;
    return 1;
  }
  return 0;
}

struct Arguments {
  std::string config_file;
  std::optional<std::string> config_folder;
  std::optional<std::string> data_dir;
  std::optional<std::string> listen;
  std::optional<std::string> ssh_listen;
  std::optional<std::string> warden_socket;
  std::optional<std::string> console;
};

Config config_of(const Arguments& arguments) {
  Config config = arguments.config_file.empty() ? Config{} : read_config(arguments.config_file);
  config.folder = arguments.config_folder.value_or(config.folder);
  config.data_dir = arguments.data_dir.value_or(config.data_dir);
  config.listen = arguments.listen.value_or(config.listen);
  config.ssh.listen = arguments.ssh_listen.value_or(config.ssh.listen);
  config.warden_socket = arguments.warden_socket.value_or(config.warden_socket);
  config.console = arguments.console.value_or(config.console);
  return config;
}

int start(int argc, char** argv) {
  CLI::App app("berthd: the server of Berth");
  Arguments arguments;
  bool check = false;
  bool print = false;
  app.add_option("--config", arguments.config_file, "TOML file; see --print-config")->type_name("FILE");
  app.add_option("--config-folder", arguments.config_folder, "where its relative file names begin; else its own folder")
      ->type_name("DIR");
  app.add_option("--data-dir", arguments.data_dir, "its own files are in DIR/server")->type_name("DIR");
  app.add_option("--listen", arguments.listen, "address of page and API")->type_name("HOST:PORT");
  app.add_option("--ssh-listen", arguments.ssh_listen, "address of the SSH door")->type_name("HOST:PORT");
  app.add_option("--warden-socket", arguments.warden_socket, "where berth-warden listens")->type_name("FILE");
  app.add_option("--console", arguments.console, "the built web console")->type_name("DIR");
  app.add_flag("--check", check, "print all faults of the configuration and end");
  app.add_flag("--print-config", print, "print the configuration with its comments and end");
  app.set_version_flag("--version", BERTH_VERSION);
  app.fallthrough();
  const CLI::App* login_link = app.add_subcommand("login-link", "print a one-time login link of the administrator");
  CLI11_PARSE(app, argc, argv);

  const Config config = config_of(arguments);
  if (print) {
    std::cout << print_config(config);
    return 0;
  }
  const std::vector<std::string> faults = faults_of(config);
  for (const std::string& fault : faults) {
    std::cerr << "berthd: " << fault << std::endl;
  }
  if (check || !faults.empty()) {
    return faults.empty() ? 0 : 1;
  }
  start_logging();
  raise_file_limit();
  if (login_link->parsed()) {
    return run([&](async::Executor executor) { return print_login_link(std::move(executor), config); });
  }
  return run([&](async::Executor executor) { return serve(std::move(executor), config); });
}

}  // namespace
}  // namespace berth::server

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return berth::server::start(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "berthd: " << error.what() << std::endl;
    return 1;
  }
}
