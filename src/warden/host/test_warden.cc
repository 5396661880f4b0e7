// SPDX-License-Identifier: Apache-2.0
#include "warden/host/test_warden.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/described.h"
#include "base/ids.h"
#include "warden/files.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds patience = std::chrono::minutes(1);

std::size_t lines_with(const std::string& text, const std::string& mark) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    count += text.substr(at, end - at).find(mark) != std::string::npos ? 1 : 0;
    at = end + 1;
  }
  return count;
}

}  // namespace

Outcome run_command(std::vector<std::string> command) {
  Outcome outcome;
  command.insert(command.begin(), {"sh", "-c", "exec \"$@\" 2>&1", "sh"});
  outcome.code = run({.command = std::move(command)}, patience, outcome.output);
  return outcome;
}

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    ::poll(nullptr, 0, 5);
  }
  return true;
}

TestClient::TestClient(const std::string& socket)
    : connection_(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "make a socket")) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  check(::connect(connection_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
}

std::optional<std::string> TestClient::receive() {
  if (!wait_readable(connection_.get(), patience)) {
    throw Error(ErrorKind::timed_out, "the warden does not answer");
  }
  std::optional<Packet> packet = receive_packet(connection_.get());
  if (!packet) {
    return std::nullopt;
  }
  if (!packet->descriptors.empty()) {
    descriptor_ = std::move(packet->descriptors.front());
  }
  return packet->text;
}

boost::json::value TestClient::ask_json(const std::string& text, int descriptor) {
  send_packet(connection_.get(), text, descriptor);
  for (;;) {
    const std::optional<std::string> answer = receive();
    if (!answer) {
      throw Error(ErrorKind::unauthenticated, "the warden hung up");
    }
    const boost::json::value json = parse_json(*answer);
    if (json.as_object().contains("progress")) {
      ++progress_;
      continue;
    }
    if (const auto* error = json.as_object().if_contains("error")) {
      const auto* field = error->as_object().if_contains("field");
      throw Error(error_kind_from(error->at("kind").as_string()), std::string(error->at("message").as_string()),
                  field != nullptr ? std::string(field->as_string()) : "");
    }
    return json.at("result");
  }
}

boost::json::value TestClient::ask(const wire::Request& request, int descriptor) {
  return ask_json(print_json(to_json(request)), descriptor);
}

void TestClient::create(const std::string& id, const wire::InstanceSpec& spec) {
  ask({.operation = wire::Operation::create, .id = id, .spec = spec});
}

void TestClient::call(wire::Operation operation, const std::string& id) { ask({.operation = operation, .id = id}); }

wire::Usage TestClient::usage(const std::string& id) {
  return read_json<wire::Usage>(ask({.operation = wire::Operation::usage, .id = id}));
}

std::vector<wire::InstanceStatus> TestClient::list() {
  return read_json<std::vector<wire::InstanceStatus>>(ask({.operation = wire::Operation::list}));
}

std::optional<wire::InstanceStatus> TestClient::status(const std::string& id) {
  for (const wire::InstanceStatus& status : list()) {
    if (status.id == id) {
      return status;
    }
  }
  return std::nullopt;
}

wire::InstanceStatus TestClient::next_exit() {
  return read_json<wire::InstanceStatus>(parse_json(receive().value()).at("exited"));
}

TestWarden::TestWarden(std::vector<std::string> options, std::string agent, std::vector<std::string> prefix)
    : name_("t" + random_name(6)), agent_(std::move(agent)), options_(std::move(options)), prefix_(std::move(prefix)) {
  folder_ = "/tmp/berth-" + name_;
  make_folder(folder_, 0711);
  start();
}

TestWarden::~TestWarden() {
  kill();
  const Outcome outcome = clean_up();
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_EQ(leftovers(name_), "");
  if (::testing::Test::HasFailure()) {
    std::fprintf(stderr, "%s", log().c_str());
  }
  remove_tree(folder_);
}

std::vector<std::string> TestWarden::command(bool cleanup) const {
  std::vector<std::string> words = {
      BERTH_WARDEN_PROGRAM, "--data-dir", folder_ + "/data", "--run-dir", folder_ + "/run", "--name",     name_,
      "--client-user",      "nobody",     "--agent",         agent_,      "--recipes",      BERTH_RECIPES};
  words.insert(words.end(), options_.begin(), options_.end());
  if (cleanup) {
    words.insert(words.begin() + 1, "cleanup");
  }
  words.insert(words.begin(), prefix_.begin(), prefix_.end());
  return words;
}

void TestWarden::start(std::vector<std::string> further_options) {
  options_.insert(options_.end(), further_options.begin(), further_options.end());
  const Descriptor log_file(::open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  const auto count_ready = [&] { return lines_with(log(), "ready at"); };
  const std::size_t before = count_ready();
  process_.emplace(Program{.command = command(), .descriptors = {{log_file.get(), 2}}});
  if (!eventually([&] { return count_ready() > before || wait_readable(process_->pidfd(), Milliseconds{0}); }) ||
      count_ready() == before) {
    throw std::runtime_error("the warden did not start: " + log());
  }
}

void TestWarden::kill() { process_.reset(); }

int TestWarden::stop() {
  ::kill(process_->pid(), SIGTERM);
  const int code = process_->wait(patience);
  process_.reset();
  return code;
}

Outcome TestWarden::clean_up() { return run_command(command(true)); }

std::string TestWarden::log() const { return read_file_if_there(folder_ + "/log").value_or(""); }

TestClient TestWarden::client_with_image() const {
  TestClient made = client();
  made.ask({.operation = wire::Operation::build_image, .name = "busybox"});
  return made;
}

Outcome TestWarden::in_instance(const std::string& id, const std::string& shell_command) const {
  // As the agent starts programs, but not behind its filter of system calls.
  const std::string configuration = read_file(folder_ + "/data/instances/" + id + "/config.json", 1 << 20);
  boost::json::object process = parse_json(configuration).at("process").as_object();
  process["args"] = {"sh", "-c", shell_command};
  for (auto& [name, set] : process.at("capabilities").as_object()) {
    boost::json::array& capabilities = set.as_array();
    capabilities.erase(std::ranges::find(capabilities, boost::json::value("CAP_SYS_ADMIN")));
  }
  const std::string file = folder_ + "/process.json";
  replace_file(file, print_json(process));
  return run_command({"runc", "--root", folder_ + "/run/runc", "exec", "--process", file, id});
}

wire::InstanceSpec small_spec() {
  wire::InstanceSpec spec;
  spec.image = "busybox";
  spec.hostname = "box";
  spec.memory = 64_MiB;
  spec.processes = 64;
  spec.disk = 32_MiB;
  spec.inodes = 2000;
  return spec;
}

std::string leftovers(const std::string& mark) {
  std::string found;
  const auto add = [&](const char* kind, std::size_t count) {
    if (count > 0) {
      found += std::to_string(count) + " " + kind + ", ";
    }
  };
  add("mounts", lines_with(read_file("/proc/self/mountinfo", 16 << 20), mark));
  add("cgroups", lines_with(run_command({"find", "/sys/fs/cgroup", "-type", "d", "-name", mark}).output, mark));
  add("links", lines_with(run_command({"ip", "-brief", "link"}).output, mark));
  add("firewall tables", lines_with(run_command({"nft", "list", "tables"}).output, mark));
  add("loop devices", lines_with(run_command({"losetup", "--all"}).output, mark));
  add("processes", lines_with(run_command({"ps", "-e", "-o", "args"}).output, "/berth-" + mark));
  // A process that has ended but was not yet reaped by the host's init says "(deleted)".
  add("processes in its cgroups",
      lines_with(run_command({"sh", "-c", "cat /proc/[0-9]*/cgroup 2>/dev/null | grep -v '(deleted)'"}).output,
                 "/" + mark + "/"));
  return found;
}

}  // namespace berth::warden
