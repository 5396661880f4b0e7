// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "warden/packet.h"
#include "warden/spawn.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// What a command printed and returned.
struct Outcome {
  int code = -1;
  std::string output;
};
Outcome run_command(std::vector<std::string> command);

// Asks `holds` again and again until it is true; false after 20 seconds.
bool eventually(const std::function<bool()>& holds);

// One connection to a warden. Every answer is waited for at most a minute.
class TestClient {
 public:
  explicit TestClient(const std::string& socket);

  // The result; an error answer is thrown as the Error it carries. Progress is counted in progress().
  boost::json::value ask(const wire::Request& request, int descriptor = -1);
  boost::json::value ask_json(const std::string& text, int descriptor = -1);
  Descriptor take_descriptor() { return std::move(descriptor_); }
  void send(const std::string& text) { send_packet(connection_.get(), text); }
  std::optional<std::string> receive();
  int progress() const { return progress_; }
  int socket() const { return connection_.get(); }

  void create(const std::string& id, const wire::InstanceSpec& spec);
  void call(wire::Operation operation, const std::string& id);
  wire::Usage usage(const std::string& id);
  std::vector<wire::InstanceStatus> list();
  std::optional<wire::InstanceStatus> status(const std::string& id);
  // The next {"exited": …} of a connection that watches.
  wire::InstanceStatus next_exit();

 private:
  Descriptor connection_;
  Descriptor descriptor_;
  int progress_ = 0;
};

// A berth-warden of its own, with its own folders and name. Its end destroys everything it made.
class TestWarden {
 public:
  // `prefix`: words before each of its command lines, as "nsenter --net=…".
  explicit TestWarden(std::vector<std::string> options = {}, std::string agent = BERTH_STAND_IN_AGENT,
                      std::vector<std::string> prefix = {});
  ~TestWarden();
  TestWarden(const TestWarden&) = delete;
  TestWarden& operator=(const TestWarden&) = delete;

  void start(std::vector<std::string> further_options = {});
  void kill();  // -9
  int stop();   // SIGTERM; returns the exit code
  Outcome clean_up();
  std::string log() const;

  TestClient client() const { return TestClient(folder_ + "/run/warden.sock"); }
  // With the busybox image built.
  TestClient client_with_image() const;
  Outcome in_instance(const std::string& id, const std::string& shell_command) const;
  const std::string& folder() const { return folder_; }
  const std::string& name() const { return name_; }

 private:
  std::vector<std::string> command(bool cleanup = false) const;

  std::string folder_;
  std::string name_;
  std::string agent_;
  std::vector<std::string> options_;
  std::vector<std::string> prefix_;
  std::optional<Child> process_;
};

wire::InstanceSpec small_spec();

// How many of each kind of thing that carries `mark` the kernel holds; what is zero is left out.
std::string leftovers(const std::string& mark);

}  // namespace berth::warden
