// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/instances.h"
#include "core/sessions.h"
#include "core/ssh_keys.h"
#include "doors/ssh/admission.h"

namespace berth::doors::ssh {

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;          // 0: any
  std::string host;                // as visitors write it
  std::filesystem::path key_file;  // of the host key
  bool guests = true;              // an unknown key makes a guest account, where a plan is for guests
  AdmissionLimits limits;
  Seconds sign_in_limit{20};  // from the connection to a proven key
  Seconds silence_limit{60};  // a peer that acknowledges nothing for so long is dead
};

// The use cases and what else the door needs from the wiring.
struct Services {
  core::SshKeys& keys;
  core::Instances& instances;
  core::Sessions& sessions;
  const Clock& clock;
  std::function<void(const std::string&)> log;
};

}  // namespace berth::doors::ssh
