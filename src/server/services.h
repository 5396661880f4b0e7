// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/journal.h"
#include "core/service_register.h"
#include "doors/tcp/tcp_door.h"
#include "server/config.h"

namespace berth::server {

// Every fault of [services], [webhooks] and the configured services as a sentence.
std::vector<std::string> faults_of_services(const Config& config);

// The file that webhooks.ca_file names. Empty: none.
std::string webhook_authorities(const Config& config);

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

// What [services] and [tls] let services made by API have, at the TCP door.
class TcpAddresses final : public core::ServiceAddresses {
 public:
  TcpAddresses(const Config& config, doors::tcp::TcpDoor& door, TokenSources sources)
      : config_(config), door_(door), sources_(std::move(sources)) {}

  core::ServiceFaults faults_of(const core::ServiceDefinition& definition) const override;
  void open(core::StoredService& service) override;
  void start(const std::string& service) override { door_.start(service); }
  void close(const std::string& service) override { door_.close(service); }

 private:
  const Config& config_;
  doors::tcp::TcpDoor& door_;
  TokenSources sources_;
};

}  // namespace berth::server
