// SPDX-License-Identifier: Apache-2.0
#include "core/service_definition.h"

#include "base/error.h"
#include "core/accounts.h"

namespace berth::core {
namespace {

constexpr std::string_view until = " until ";
constexpr std::uint32_t longest_token = 4096;

std::vector<ListedNetwork> networks_of(const std::vector<std::string>& lines) {
  std::vector<ListedNetwork> networks;
  for (const std::string& line : lines) {
    const std::size_t at = line.find(until);
    ListedNetwork& network = networks.emplace_back(ListedNetwork{line.substr(0, at), {}});
    if (at != std::string::npos) {
      network.until = parse_time(line.substr(at + until.size()));
    }
  }
  return networks;
}

void add_list_faults(const std::string& key, const std::vector<std::string>& lines, ServiceFaults& faults) {
  try {
    for (std::string& what : faults_of(GateSettings{.allow = networks_of(lines), .deny = {}})) {
      faults.push_back({key, "has a fault in " + key + ": " + what});
    }
  } catch (const Error& error) {
    faults.push_back({key, "has a fault in " + key + ": " + error.what()});
  }
}

}  // namespace

ServiceFaults faults_of(const ServiceDefinition& definition) {
  ServiceFaults faults;
  const auto require = [&faults](bool sound, const char* key, const std::string& what) {
    if (!sound) {
      faults.push_back({key, what});
    }
  };
  require(is_name(definition.name, 32), "name",
          "needs a name of lower-case letters, digits and dashes, at most 32 characters");
  require(is_name(definition.image), "image", "needs an image");
  require(definition.port != 0, "port", "needs the port its program listens on inside");
  require(definition.idle_limit >= Seconds{1} && definition.total_limit >= definition.idle_limit, "idle_limit",
          "needs 1s <= idle_limit <= total_limit");
  require(definition.queue_limit >= Seconds{1}, "queue_limit", "needs a queue_limit of at least 1s");
  require(definition.max_instances > 0, "max_instances", "needs max_instances >= 1");
  require(definition.most_ready >= definition.least_ready, "least_ready", "needs least_ready <= most_ready");
  require(definition.greeting_limit >= Seconds{1}, "greeting_limit", "needs a greeting_limit of at least 1s");
  require(definition.token_length > 0 && definition.token_length <= longest_token, "token_length",
          "needs a token_length from 1 to " + std::to_string(longest_token));
  require(
      definition.mode != ServiceMode::token || definition.tokens_from != TokensFrom::accounts ||
          definition.token_length >= tcp_token_length,
      "token_length",
      "needs a token_length of at least " + std::to_string(tcp_token_length) + ": as long are the tokens of accounts");
  add_list_faults("allow", definition.allow, faults);
  add_list_faults("deny", definition.deny, faults);
  for (std::string& what :
       faults_of(GateSettings{.allow = {}, .deny = {}, .proof_of_work = definition.proof_of_work})) {
    faults.push_back({"proof_of_work", "has a fault in proof_of_work: " + what});
  }
  return faults;
}

ServiceFaults faults_of(const NewService& service) {
  const ServiceDefinition& definition = service.definition;
  ServiceFaults faults = faults_of(definition);
  const auto refuse_file = [&faults](const char* key, const std::string& value) {
    if (!value.empty()) {
      faults.push_back({key, "cannot have " + std::string(key) +
                                 " by API, which names no files and addresses of the server's; a [[service]] of the "
                                 "configuration can"});
    }
  };
  refuse_file("tokens_file", definition.tokens_file);
  refuse_file("tokens_webhook", definition.tokens_webhook);
  refuse_file("tokens_webhook_secret_file", definition.tokens_webhook_secret_file);
  if (definition.tokens_from == TokensFrom::webhook) {
    faults.push_back({"tokens_from", "cannot ask a webhook by API; a [[service]] of the configuration can"});
  }
  const bool listed = definition.mode == ServiceMode::token && definition.tokens_from == TokensFrom::list;
  if (listed == service.tokens.empty()) {
    faults.push_back({"tokens", "needs tokens with mode token and tokens_from list, and none otherwise"});
  }
  if (definition.mode != ServiceMode::token && definition.tokens_from == TokensFrom::accounts) {
    faults.push_back({"tokens_from", "has keys about tokens, which are for mode token alone"});
  }
  for (std::size_t index = 0; index < service.tokens.size(); ++index) {
    if (service.tokens[index].empty() || service.tokens[index].size() > definition.token_length) {
      faults.push_back({"tokens[" + std::to_string(index) + "]",
                        "needs tokens of 1 to " + std::to_string(definition.token_length) + " bytes (token_length)"});
    }
  }
  return faults;
}

std::string sentence_of(const std::string& service, const ServiceFault& fault) {
  return "service '" + service + "' " + fault.what;
}

Service service_of(const ServiceDefinition& definition) {
  return {.name = definition.name,
          .image = definition.image,
          .plan = definition.plan,
          .launch = {.command = definition.command,
                     .user = definition.user,
                     .port = definition.port,
                     .read_only = definition.read_only},
          .mode = definition.mode,
          .queue_limit = definition.queue_limit,
          .idle_limit = definition.idle_limit,
          .total_limit = definition.total_limit,
          .max_instances = definition.max_instances,
          .least_ready = definition.least_ready,
          .most_ready = definition.most_ready};
}

GateSettings gate_of(const ServiceDefinition& definition) {
  return {.allow = networks_of(definition.allow),
          .deny = networks_of(definition.deny),
          .most_per_address = definition.most_per_address,
          .most_per_token = definition.most_per_token,
          .proof_of_work = definition.proof_of_work};
}

}  // namespace berth::core
