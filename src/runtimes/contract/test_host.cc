// SPDX-License-Identifier: Apache-2.0
#include "runtimes/contract/test_host.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace berth::runtimes::contract {
namespace {

std::unique_ptr<TestHost>& shared_place() {
  static std::unique_ptr<TestHost> host;
  return host;
}

pid_t start_program(const std::vector<std::string>& words, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    close_range(3, ~0U, 0);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  return pid;
}

int wait_for(pid_t pid) {
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

std::string read_whole(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool accepts(const std::string& path) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

TestHost::TestHost() : name_("c" + random_name(6)), folder_("/tmp/berth-" + name_) {
  std::filesystem::create_directory(folder_);
  chmod(folder_.c_str(), 0711);  // instances walk through it
  start();
}

TestHost::~TestHost() {
  kill_warden();
  const auto log = folder_ / "cleanup.log";
  const int status = wait_for(start_program(command("cleanup"), log));
  EXPECT_EQ(status, 0) << read_whole(log);
  if (testing::Test::HasFailure() || status != 0) {
    std::fprintf(stderr, "the warden's log:\n%s", read_whole(folder_ / "log").c_str());
  }
  if (status == 0) {
    std::filesystem::remove_all(folder_);
  }
}

TestHost& TestHost::shared() {
  if (!shared_place()) {
    shared_place() = std::make_unique<TestHost>();
  }
  return *shared_place();
}

void TestHost::end_shared() { shared_place().reset(); }

local::Settings TestHost::settings() const {
  return {.warden_socket = (folder_ / "run/warden.sock").string(), .image_folder = (folder_ / "scratch").string()};
}

std::vector<std::string> TestHost::command(const std::string& verb) const {
  std::vector<std::string> words = {BERTH_WARDEN_PROGRAM};
  if (!verb.empty()) {
    words.push_back(verb);
  }
  for (const std::string& word :
       {std::string("--data-dir"), (folder_ / "data").string(), std::string("--run-dir"), (folder_ / "run").string(),
        std::string("--name"), name_, std::string("--client-user"), std::string("nobody"), std::string("--agent"),
        std::string(BERTH_AGENT_PROGRAM), std::string("--recipes"), std::string(BERTH_RECIPES)}) {
    words.push_back(word);
  }
  return words;
}

void TestHost::start() {
  warden_ = start_program(command(""), folder_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!accepts(settings().warden_socket)) {
    if (std::chrono::steady_clock::now() > deadline || waitpid(warden_, nullptr, WNOHANG) != 0) {
      throw std::runtime_error("the warden did not start: " + read_whole(folder_ / "log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void TestHost::kill_warden() {
  if (warden_ > 0) {
    kill(warden_, SIGKILL);
    wait_for(std::exchange(warden_, -1));
  }
}

void TestHost::kill_instance(const InstanceId& id) const {
  const auto log = folder_ / "runc.log";
  const int status =
      wait_for(start_program({"runc", "--root", (folder_ / "run/runc").string(), "kill", id.text(), "KILL"}, log));
  EXPECT_EQ(status, 0) << read_whole(log);
}

LocalSubject::LocalSubject(boost::asio::io_context& loop)
    : client_(loop.get_executor(), TestHost::shared().settings()), runtime_(client_), images_(client_) {
  std::exception_ptr fault;
  boost::asio::co_spawn(loop, images_.build(ImageName("busybox"), [](double, const std::string&) {}),
                        [&](std::exception_ptr ended, const core::ImageStatus&) { fault = ended; });
  loop.run();
  if (fault) {
    std::rethrow_exception(fault);
  }
}

}  // namespace berth::runtimes::contract
