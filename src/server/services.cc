// SPDX-License-Identifier: Apache-2.0
#include "server/services.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/network_address.h"
#include "base/secret.h"
#include "doors/tcp/server_name.h"
#include "notifiers/webhook/request.h"
#include "notifiers/webhook/webhook_tokens.h"

namespace berth::server {
namespace {

// Their hashes.
std::vector<std::string> tokens_of(const Config& config, const core::ServiceDefinition& service) {
  const std::filesystem::path path = std::filesystem::path(config.folder) / service.tokens_file;
  std::ifstream file(path);
  if (!file) {
    throw Error(ErrorKind::unavailable, "the tokens of service '" + service.name + "' cannot be read from " +
                                            path.string() + "; make the file readable for the user who runs berthd");
  }
  std::vector<std::string> tokens;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (line.empty()) {
      continue;
    }
    if (line.size() > service.token_length) {
      throw Error(ErrorKind::invalid_argument, path.string() + " has a token longer than the " +
                                                   std::to_string(service.token_length) + " bytes of token_length");
    }
    tokens.push_back(hash_token(Secret(std::move(line))));
  }
  return tokens;
}

Secret secret_of(const Config& config, const core::ServiceDefinition& service) {
  const std::filesystem::path path = std::filesystem::path(config.folder) / service.tokens_webhook_secret_file;
  Secret secret = read_secret_file(path);
  const std::string& text = secret.reveal();
  const auto is_visible = [](unsigned char character) { return character > 0x20 && character < 0x7f; };
  if (text.empty() || text.size() > 1024 || !std::ranges::all_of(text, is_visible)) {
    throw Error(ErrorKind::invalid_argument,
                path.string() + " must have one line of 1 to 1024 visible ASCII characters, the webhook's secret");
  }
  return secret;
}

std::unique_ptr<core::ServiceTokens> token_check(const Config& config, const core::ServiceDefinition& service,
                                                 const TokenSources& sources) {
  switch (service.tokens_from) {
    case core::TokensFrom::list:
      return std::make_unique<core::ListedTokens>(tokens_of(config, service));
    case core::TokensFrom::accounts:
      return std::make_unique<core::AccountTokens>(sources.journal, sources.clock);
    case core::TokensFrom::webhook:
      return std::make_unique<notifiers::webhook::WebhookTokens>(
          notifiers::webhook::Settings{.service = service.name,
                                       .url = service.tokens_webhook,
                                       .secret = secret_of(config, service),
                                       .ca_file = webhook_authorities(config)},
          sources.clock, sources.tasks, sources.log);
  }
  return {};
}

// Of where its tokens are, which only the configuration can tell.
void add_token_faults(const core::ServiceDefinition& service, core::ServiceFaults& faults) {
  const bool webhook = service.tokens_from == core::TokensFrom::webhook;
  const bool has_webhook = !service.tokens_webhook.empty() || !service.tokens_webhook_secret_file.empty();
  if (service.mode != core::ServiceMode::token) {
    if (service.tokens_from != core::TokensFrom::list || !service.tokens_file.empty() || has_webhook) {
      faults.push_back({"tokens_from", "has keys about tokens, which are for mode token alone"});
    }
    return;
  }
  if ((service.tokens_from == core::TokensFrom::list) == service.tokens_file.empty()) {
    faults.push_back({"tokens_file", "needs a tokens_file with tokens_from list, and none with another"});
  }
  if (!webhook && has_webhook) {
    faults.push_back({"tokens_webhook", "has a webhook that nobody asks; set tokens_from to webhook"});
  }
  if (webhook && service.tokens_webhook_secret_file.empty()) {
    faults.push_back(
        {"tokens_webhook_secret_file", "needs a tokens_webhook_secret_file, by which the webhook knows who asks"});
  }
  if (webhook) {
    if (const auto fault = notifiers::webhook::fault_of_url(service.tokens_webhook)) {
      faults.push_back({"tokens_webhook", "cannot use its tokens_webhook: it " + *fault});
    }
  }
}

// Of what both sources name outside of the definition: an address and a plan.
void add_faults(const Config& config, const core::ServiceDefinition& service, core::ServiceFaults& faults) {
  try {
    if (service.tls_names.empty() || !service.listen.empty()) {
      parse_address(service.listen);
    }
  } catch (const Error& error) {
    faults.push_back({"listen", std::string("cannot listen: ") + error.what()});
  }
  if (std::ranges::find(config.plan, service.plan, &core::Plan::name) == config.plan.end()) {
    faults.push_back({"plan", "names the plan '" + service.plan + "', which there is not"});
  }
}

void add_faults(const ServicesByApi& settings, std::vector<std::string>& faults) {
  for (const std::string& address : settings.listen) {
    if (!NetworkAddress::parse(address)) {
      faults.push_back("services.listen has '" + address + "', which is no IP address");
    }
  }
  try {
    parse_ports(settings.ports);
  } catch (const Error& error) {
    faults.push_back(std::string("services.ports: ") + error.what());
  }
}

doors::tcp::Offer offer_of(const core::ServiceDefinition& definition) {
  const Address address = definition.listen.empty() ? Address{} : parse_address(definition.listen);
  doors::tcp::Offer offer;
  offer.service = core::service_of(definition);
  offer.host = address.host;
  offer.port = address.port;
  offer.tls_names = definition.tls_names;
  offer.proxy_protocol = definition.proxy_protocol;
  offer.token_length = definition.token_length;
  offer.greeting_limit = definition.greeting_limit;
  offer.gate = core::gate_of(definition);
  return offer;
}

std::string listed(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) {
    list += (list.empty() ? "" : ", ") + text;
  }
  return list;
}

}  // namespace

std::string webhook_authorities(const Config& config) {
  const std::string& file = config.webhooks.ca_file;
  return file.empty() ? file : (std::filesystem::path(config.folder) / file).string();
}

std::vector<std::string> faults_of_services(const Config& config) {
  std::vector<std::string> faults;
  add_faults(config.services, faults);
  if (const std::string file = webhook_authorities(config); !file.empty()) {
    if (const auto fault = notifiers::webhook::fault_of_authorities(file)) {
      faults.push_back("webhooks.ca_file: " + *fault);
    }
  }
  std::set<std::string> names;
  for (const core::ServiceDefinition& service : config.service) {
    core::ServiceFaults found = core::faults_of(service);
    add_token_faults(service, found);
    add_faults(config, service, found);
    for (const core::ServiceFault& fault : found) {
      faults.push_back(core::sentence_of(service.name, fault));
    }
    if (!names.insert(service.name).second) {
      faults.push_back("there are two services named '" + service.name + "'");
    }
  }
  return faults;
}

std::vector<doors::tcp::Offer> offers_of(const Config& config, const TokenSources& sources) {
  std::vector<doors::tcp::Offer> offers;
  for (const core::ServiceDefinition& service : config.service) {
    doors::tcp::Offer& offer = offers.emplace_back(offer_of(service));
    if (service.mode == core::ServiceMode::token) {
      offer.tokens = token_check(config, service, sources);
    }
  }
  return offers;
}

core::ServiceFaults TcpAddresses::faults_of(const core::ServiceDefinition& definition) const {
  core::ServiceFaults faults;
  add_faults(config_, definition, faults);
  if (!faults.empty()) {
    return faults;
  }
  for (const std::string& name : definition.tls_names) {
    if (!doors::tcp::is_host_name(name)) {
      faults.push_back({"tls_names", "has '" + name + "' in tls_names, which is no host name in lower case"});
    } else if (const std::string fault = door_.fault_of_name(name); !fault.empty()) {
      faults.push_back({"tls_names", "cannot have '" + name + "' in tls_names: " + fault});
    }
  }
  if (definition.listen.empty()) {
    return faults;
  }
  const Address address = parse_address(definition.listen);
  const PortRange ports = parse_ports(config_.services.ports);
  if (std::ranges::find(config_.services.listen, address.host) == config_.services.listen.end()) {
    faults.push_back({"listen", "may not listen on " + address.host + ": services.listen of the configuration has " +
                                    (config_.services.listen.empty() ? "nothing" : listed(config_.services.listen))});
  }
  if (address.port != 0 && (address.port < ports.first || address.port > ports.last)) {
    faults.push_back({"listen", "may not listen on port " + std::to_string(address.port) +
                                    ": services.ports of the configuration is " + config_.services.ports});
  }
  return faults;
}

void TcpAddresses::open(core::StoredService& service) {
  core::ServiceDefinition& definition = service.definition;
  doors::tcp::Offer offer = offer_of(definition);
  if (definition.mode == core::ServiceMode::token) {
    if (definition.tokens_from == core::TokensFrom::accounts) {
      offer.tokens = std::make_unique<core::AccountTokens>(sources_.journal, sources_.clock);
    } else {
      offer.tokens = std::make_unique<core::ListedTokens>(service.token_hashes);
    }
  }
  const PortRange ports = parse_ports(config_.services.ports);
  offer.first_port = ports.first;
  offer.last_port = ports.last;
  const std::string host = definition.listen.substr(0, definition.listen.rfind(':'));
  const std::uint16_t port = door_.open(std::move(offer));
  if (!definition.listen.empty()) {
    definition.listen = host + ":" + std::to_string(port);
  }
}

}  // namespace berth::server
