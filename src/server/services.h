// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/journal.h"
#include "doors/tcp/tcp_door.h"
#include "server/config.h"

namespace berth::server {

core::Service service_of(const ServiceConfig& config);

// Every fault of the configured services as a sentence.
std::vector<std::string> faults_of_services(const Config& config);

// What the tokens of services are looked up with.
struct TokenSources {
  core::Journal& journal;
  const Clock& clock;
  async::TaskGroup& tasks;
  std::function<void(const std::string&)> log;
};

// The services of the configuration, which has no fault. Throws Error with a sentence for the operator when a file of
// tokens or a secret cannot be read.
std::vector<doors::tcp::Offer> offers_of(const Config& config, const TokenSources& sources);

}  // namespace berth::server
