// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/session_view.h"
#include "doors/ssh/channel.h"
#include "doors/ssh/destination.h"
#include "doors/ssh/settings.h"

namespace berth::doors::ssh {

// What the sessions of one connection have in common.
struct Surroundings {
  const Services& services;
  const Settings& settings;
  const core::Caller& caller;
  Destination& destination;
};

// One terminal, command or file transfer over one channel. Cancelled when the client goes: a terminal stays for the
// next viewer, everything else ends.
class ServedSession {
 public:
  ServedSession(Surroundings around, Channel& channel, SessionAsked asked);
  // To the end of the program. Faults are told to the client.
  async::Task<> serve();

 private:
  async::Task<> run();
  async::Task<> run_terminal(InstanceId id);
  async::Task<> run_command(InstanceId id);
  async::Task<> attach(InstanceId id, std::string wanted);
  async::Task<> show_terminal(InstanceId id, std::uint32_t session);

  // The program's output to the client, until it ends; the client's input to it, until cancelled.
  async::Task<> relay(core::SessionView& view);
  async::Task<> to_client(core::SessionView& view);
  async::Task<> from_client(core::SessionView& view);
  // Before the lease ends, until cancelled.
  async::Task<> warn(InstanceId id);

  async::Task<> greet(const core::Instance& instance);
  async::Task<> say(std::string text);
  std::optional<std::string> wanted_terminal() const;
  std::string command_line(const std::string& before, const core::Instance& instance) const;
  async::Task<std::string> explain(std::string fault);

  Surroundings around_;
  Channel& channel_;
  SessionAsked asked_;
  std::optional<InstanceId> id_;
  std::optional<wire::SessionExit> exit_;
};

}  // namespace berth::doors::ssh
