// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/warden_protocol.h"

namespace berth::core {

// How the service of an instance is started, beyond what its image says, and when it is there.
struct Launch {
  std::vector<std::string> command;  // empty: the image's
  std::string user;                  // name or number, [:group]; empty: the image's
  std::uint16_t port = 0;            // ready when something listens here; 0: when the agent answers
  bool read_only = false;            // its root file system
  std::optional<wire::MachineNetwork> network;

  bool operator==(const Launch&) const = default;
};
BOOST_DESCRIBE_STRUCT(Launch, (), (command, user, port, read_only, network))

}  // namespace berth::core
