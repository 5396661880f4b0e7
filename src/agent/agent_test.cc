// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>

#include "agent/agent_test_client.h"
#include "agent/command_line.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth::agent {
namespace {

using wire::FrameType;
using Result = AgentTestClient::Result;

constexpr std::chrono::seconds patience{30};

// A process that is not our child, known by its number.
class Watched {
 public:
  explicit Watched(pid_t process)
      : process_(process), descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, process, 0U))) {}
  bool ends() const {
    pollfd waiting{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) == 1;
  }
  bool is_reaped() const { return ::kill(process_, 0) != 0 && errno == ESRCH; }

 private:
  pid_t process_;
  Descriptor descriptor_;
};

// Opens a session whose first line is the number of the process to watch.
Watched open_and_watch(AgentTestClient& host, const wire::OpenSession& request, std::uint32_t& session) {
  session = host.open(request);
  const auto result = host.collect(session, 0, [](const Result& so_far) { return so_far.output.ends_with('\n'); });
  return Watched(std::stoi(result.output));
}

TEST(Agent, reaps_the_orphans_of_its_programs) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  // The shell ends at once; its child becomes the agent's and ends later.
  const auto result = host.run(shell("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!"));
  const std::string number = std::to_string(std::stoi(result.output));
  const Watched orphan(std::stoi(result.output));
  EXPECT_EQ(host.run({.command = {"grep", "PPid", "/proc/" + number + "/status"}}).output,
            "PPid:\t" + std::to_string(agent.process()) + "\n");
  ASSERT_EQ(host.run({.command = {"kill", "-KILL", number}}).exit->code, 0);
  EXPECT_TRUE(orphan.ends());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!orphan.is_reaped() && std::chrono::steady_clock::now() < deadline) {
    host.run({.command = {"true"}});
  }
  EXPECT_TRUE(orphan.is_reaped());
}

TEST(Agent, close_hangs_up_a_running_program) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  for (const auto kind : {wire::SessionKind::command, wire::SessionKind::terminal}) {
    auto request = shell("echo $$; exec sleep 1000");
    request.kind = kind;
    std::uint32_t session = 0;
    const Watched program = open_and_watch(host, request, session);
    host.close(session);
    EXPECT_TRUE(program.ends());
  }
}

TEST(Agent, close_kills_a_program_that_does_not_listen) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  std::uint32_t session = 0;
  const Watched program =
      open_and_watch(host, shell("trap '' HUP TERM; echo $$; while :; do sleep 0.1; done"), session);
  host.close(session);
  EXPECT_TRUE(program.ends());
}

TEST(Agent, ends_its_programs_when_it_is_told_to_end) {
  AgentProcess agent;
  AgentTestClient host(agent);
  std::uint32_t session = 0;
  const Watched polite = open_and_watch(host, shell("echo $$; exec sleep 1000"), session);
  const Watched stubborn =
      open_and_watch(host, shell("trap '' HUP TERM; echo $$; while :; do sleep 0.1; done"), session);
  ::kill(agent.process(), SIGTERM);
  EXPECT_TRUE(polite.ends());
  const int status = agent.wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(stubborn.ends());
}

TEST(Agent, as_process_1_lets_everything_in_the_instance_end_in_peace) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "a process namespace takes root";
  }
  const std::string farewell = testing::TempDir() + "berth-agent-" + random_name(8);
  AgentProcess agent({}, AgentProcess::Place::process_1);
  AgentTestClient host(agent);
  // It left its session, so only process 1 can know of it.
  const auto session =
      host.open(shell("setsid sh -c 'trap \"echo bye >" + farewell +
                      "; exit\" TERM; echo ready; exec >/dev/null 2>&1; while :; do sleep 0.01; done' & read line"));
  host.collect(session, 0, [](const Result& so_far) { return so_far.output == "ready\n"; });
  host.finish_input(session, 0);
  host.collect(session, 6);
  ::kill(agent.process(), SIGTERM);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(::unlink(farewell.c_str()), 0);
}

TEST(Agent, tells_of_the_service_of_the_image) {
  const std::string stop = testing::TempDir() + "berth-agent-" + random_name(8);
  const AgentProcess agent({"--directory", "/usr", "--", "sh", "-c",
                            "[ $PWD = /usr ] || exit 9; while [ ! -e " + stop + " ]; do sleep 0.01; done; exit 3"});
  AgentTestClient host(agent);
  ASSERT_TRUE(host.hello().service);
  EXPECT_TRUE(host.hello().service->running);
  std::ofstream(stop) << "now";
  const auto state = wire::decode_payload<wire::ServiceState>(host.next(FrameType::service_state).payload);
  EXPECT_FALSE(state.running);
  EXPECT_EQ(state.exit->code, 3);
  ::unlink(stop.c_str());
  EXPECT_EQ(AgentTestClient(agent).hello().service->exit->code, 3);
}

TEST(Agent, does_not_bear_the_name_of_its_service) {
  const AgentProcess agent({"--", "sleep", "1000"});
  AgentTestClient host(agent);
  std::ifstream file("/proc/" + std::to_string(agent.process()) + "/cmdline");
  const std::string words{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(words.starts_with(std::string("berth-agent\0init\0", 17)));
  EXPECT_EQ(words.find("sleep"), std::string::npos);
}

TEST(Agent, serves_though_the_service_cannot_start) {
  const AgentProcess agent({"--", "/no/such/service"});
  AgentTestClient host(agent);
  EXPECT_FALSE(host.hello().service->running);
  EXPECT_EQ(host.hello().service->exit->code, 127);
  EXPECT_EQ(host.run({.command = {"true"}}).exit->code, 0);
}

TEST(Agent, an_image_without_a_service_has_none) {
  const AgentProcess agent;
  EXPECT_FALSE(AgentTestClient(agent).hello().service);
}

TEST(Agent, lists_the_ports_that_are_listened_on) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const AgentProcess agent;
  AgentTestClient host(agent);
  host.send({.type = FrameType::list_ports, .session = 77});
  const auto frame = host.next(FrameType::ports);
  EXPECT_EQ(frame.session, 77U);
  const auto found = wire::decode_payload<wire::ListeningPorts>(frame.payload).ports;
  EXPECT_TRUE(std::ranges::any_of(found, [&](const wire::ListeningPort& port) {
    return port.protocol == "tcp" && port.address == "127.0.0.1" && port.port == ntohs(address.sin_port);
  }));
}

TEST(Agent, opens_nothing_more_while_it_shuts_down) {
  const AgentProcess agent;
  AgentTestClient host(agent);
  std::uint32_t session = 0;
  const Watched stubborn =
      open_and_watch(host, shell("trap '' HUP TERM; echo $$; while :; do sleep 0.1; done"), session);
  ::kill(agent.process(), SIGTERM);
  Result result;
  while (!result.refusal) {
    result = host.run({.command = {"true"}});
  }
  EXPECT_EQ(result.refusal->kind, "unavailable");
  EXPECT_TRUE(stubborn.ends());
}

#ifndef BERTH_AGENT_SANITIZED
TEST(Agent, holds_at_most_one_mebibyte_when_idle_again) {
  const AgentProcess agent;
  {
    AgentTestClient host(agent);
    host.run({.command = {"seq", "200000"}});
  }
  const auto resident_kilobytes = [&] {
    std::ifstream status("/proc/" + std::to_string(agent.process()) + "/status");
    std::string line;
    while (std::getline(status, line) && !line.starts_with("VmRSS:")) {
    }
    return std::stol(line.substr(6));
  };
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (resident_kilobytes() > 1024 && std::chrono::steady_clock::now() < deadline) {
    ::poll(nullptr, 0, 50);
  }
  EXPECT_LE(resident_kilobytes(), 1024);
}
#endif

TEST(AgentOptions, are_the_images_user_directory_and_service) {
  const AgentOptions options = read_options({"--user", "1000:1000", "--directory", "/srv", "--", "nc", "-lk", "--"});
  EXPECT_EQ(options.image.user, "1000:1000");
  EXPECT_EQ(options.service.directory, "/srv");
  EXPECT_EQ(options.service.command, (std::vector<std::string>{"nc", "-lk", "--"}));
  EXPECT_TRUE(read_options({}).service.command.empty());
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--user"}, {"--directory"}, {"nc"}, {"--surprise", "x"}}) {
    EXPECT_THROW(read_options(wrong), Error);
  }
}

}  // namespace
}  // namespace berth::agent
