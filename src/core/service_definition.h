// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/gate.h"
#include "core/service.h"

namespace berth::core {

// Who knows the tokens of a service: a list that comes with it, the accounts of this Berth, or a program of the
// operator's.
enum class TokensFrom { list, accounts, webhook };
BOOST_DESCRIBE_ENUM(TokensFrom, list, accounts, webhook)

// A service as it is written: a [[service]] of the configuration, or what the API is told.
struct ServiceDefinition {
  std::string name;
  std::string listen;                  // empty: it is reached by TLS only
  std::vector<std::string> tls_names;  // of hosts, for which [tls] has certificates
  std::string image;
  std::vector<std::string> command;  // empty: the image's own
  std::uint16_t port = 0;            // inside
  std::string plan;
  ServiceMode mode = ServiceMode::per_connection;
  std::string user;  // who the command runs as inside; empty: the image's
  bool read_only = false;
  TokensFrom tokens_from = TokensFrom::list;  // of mode token
  std::string tokens_file;                    // one a line; relative to the configuration's folder
  std::string tokens_webhook;                 // https, or http to this host
  std::string tokens_webhook_secret_file;
  std::uint32_t token_length = 128;
  Seconds greeting_limit{10};  // for what a client says before it reaches an instance
  Seconds queue_limit{600};
  Seconds idle_limit{300};
  Seconds total_limit{3600};
  std::uint32_t max_instances = 100;
  std::uint32_t least_ready = 2;
  std::uint32_t most_ready = 20;
  std::vector<std::string> allow;  // address ranges, "192.0.2.0/24" or "192.0.2.0/24 until 2027-01-31T12:00:00Z"
  std::vector<std::string> deny;
  std::uint32_t most_per_address = 256;
  std::uint32_t most_per_token = 64;
  std::uint32_t proof_of_work = 0;  // bits
  bool proxy_protocol = false;
};
BOOST_DESCRIBE_STRUCT(ServiceDefinition, (),
                      (name, listen, tls_names, image, command, port, plan, mode, user, read_only, tokens_from,
                       tokens_file, tokens_webhook, tokens_webhook_secret_file, token_length, greeting_limit,
                       queue_limit, idle_limit, total_limit, max_instances, least_ready, most_ready, allow, deny,
                       most_per_address, most_per_token, proof_of_work, proxy_protocol))

// What the API is asked for: what would be files of the server comes with it.
struct NewService {
  ServiceDefinition definition;
  std::vector<std::string> tokens;
};

// One made by API, as it is kept.
struct StoredService {
  std::string name;
  ServiceDefinition definition;
  std::vector<std::string> token_hashes;
  TimePoint created_at;
};

// What is wrong with a key: "needs an image", to be said of the service.
struct ServiceFault {
  std::string key;
  std::string what;
};
using ServiceFaults = std::vector<ServiceFault>;

// Every fault that shows without the rest of the configuration, but for those of where its tokens are.
ServiceFaults faults_of(const ServiceDefinition& definition);
// The same, and those of the tokens that came with it.
ServiceFaults faults_of(const NewService& service);
// "service 'echo' needs an image".
std::string sentence_of(const std::string& service, const ServiceFault& fault);

Service service_of(const ServiceDefinition& definition);
// Throws Error{invalid_argument} for a time that is none.
GateSettings gate_of(const ServiceDefinition& definition);

}  // namespace berth::core
