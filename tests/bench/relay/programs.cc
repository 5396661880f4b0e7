// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include "async/task_group.h"
#include "relay/relay.h"
#include "sockets.h"

namespace berth::bench {
namespace {

using boost::asio::ip::tcp;

constexpr const char* haproxy_path = "/usr/sbin/haproxy";

async::Task<> carry(tcp::socket client, tcp::endpoint address, relay::Relay& relay) {
  tcp::socket inside(client.get_executor());
  co_await inside.async_connect(address, boost::asio::use_awaitable);
  relay::Ends ends{.client = Descriptor(client.release()), .inside = Descriptor(inside.release())};
  co_await relay.run(std::move(ends), {.idle = std::chrono::hours{1}}, std::make_shared<relay::Activity>());
}

async::Task<> accept_all(tcp::acceptor& acceptor, tcp::endpoint address, relay::Relay& relay, async::TaskGroup& group) {
  while (true) {
    tcp::socket client = co_await acceptor.async_accept(boost::asio::use_awaitable);
    group.spawn(carry(std::move(client), address, relay));
  }
}

void run_relay(const Descriptor& listener, std::uint16_t inside) {
  boost::asio::io_context loop(1);
  relay::Relay relay;
  async::TaskGroup group(loop.get_executor(), [](const std::string& what) { give_up(what.c_str()); });
  tcp::acceptor acceptor(loop, tcp::v4(), ::dup(listener.get()));
  group.spawn(accept_all(acceptor, {boost::asio::ip::address_v4::loopback(), inside}, relay, group));
  loop.run();
}

// In memory: there is no file to remove. The path is for the program that inherits the descriptor.
std::string configuration(int listener, std::uint16_t inside, const std::string& option) {
  std::string path = "/proc/self/fd/" + std::to_string(::memfd_create("haproxy.cfg", 0));
  std::ofstream(path) << "defaults\n  mode tcp\n  " << option << "\n"
                      << "  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"
                      << "listen relay\n  bind fd@" << listener << "\n"
                      << "  server inside 127.0.0.1:" << inside << "\n";
  return path;
}

// The first core that it may use, or all that this program could use when it began.
void set_cores(const std::string& process, bool one) {
  static const cpu_set_t all = [] {
    cpu_set_t cores;
    ::sched_getaffinity(0, sizeof cores, &cores);
    return cores;
  }();
  cpu_set_t cores = all;
  for (std::size_t core = 0, kept = 0; one && core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &cores) && kept++ > 0) {
      CPU_CLR(core, &cores);
    }
  }
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + process + "/task")) {
    ::sched_setaffinity(std::stoi(thread.path().filename()), sizeof cores, &cores);
  }
}

std::string field_of(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    if (word == name) {
      file >> word;
      return word;
    }
  }
  return "0";
}

}  // namespace

std::unique_ptr<Program> Program::relay(std::uint16_t inside) {
  return std::unique_ptr<Program>(new Program([=](const Descriptor& listener) { run_relay(listener, inside); }));
}

std::unique_ptr<Program> Program::haproxy(std::uint16_t inside, const std::string& option) {
  if (!std::filesystem::exists(haproxy_path)) {
    return nullptr;
  }
  return std::unique_ptr<Program>(new Program([=](const Descriptor& listener) {
    ::fcntl(listener.get(), F_SETFD, 0);
    const std::string path = configuration(listener.get(), inside, option);
    ::execl(haproxy_path, haproxy_path, "-db", "-f", path.c_str(), nullptr);
  }));
}

Program::Program(const Run& run) {
  const Descriptor listener = listen_on_loopback();
  port_ = port_of(listener);
  process_ = ::fork();
  if (process_ < 0) {
    give_up("fork");
  }
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    run(listener);
    give_up("the program ended");
  }
}

Program::~Program() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

std::chrono::nanoseconds Program::processor_time() const {
  std::chrono::nanoseconds sum{0};
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process_) + "/task")) {
    std::int64_t nanoseconds = 0;
    std::ifstream(thread.path() / "schedstat") >> nanoseconds;
    sum += std::chrono::nanoseconds{nanoseconds};
  }
  return sum;
}

void Program::keep_to_one_core(bool one) const { set_cores(std::to_string(process_), one); }

void keep_to_one_core(bool one) { set_cores("self", one); }

std::uint64_t Program::resident_bytes() const {
  return std::stoull(field_of("/proc/" + std::to_string(process_) + "/status", "RssAnon:")) * 1024;
}

}  // namespace berth::bench
