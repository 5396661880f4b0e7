// SPDX-License-Identifier: Apache-2.0
#include "server/services.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/secret.h"
#include "core/accounts.h"
#include "notifiers/webhook/request.h"
#include "notifiers/webhook/webhook_tokens.h"

namespace berth::server {
namespace {

constexpr std::string_view until = " until ";

}  // namespace

core::Service service_of(const ServiceConfig& config) {
  return {
      .name = config.name,
      .image = config.image,
      .plan = config.plan,
      .launch = {.command = config.command, .user = config.user, .port = config.port, .read_only = config.read_only},
      .mode = config.mode,
      .idle_limit = config.idle_limit,
      .total_limit = config.total_limit,
      .max_instances = config.max_instances,
      .least_ready = config.least_ready,
      .most_ready = config.most_ready};
}

namespace {

std::vector<core::ListedNetwork> networks_of(const std::vector<std::string>& lines) {
  std::vector<core::ListedNetwork> networks;
  for (const std::string& line : lines) {
    const std::size_t at = line.find(until);
    core::ListedNetwork& network = networks.emplace_back(core::ListedNetwork{line.substr(0, at), {}});
    if (at != std::string::npos) {
      network.until = parse_time(line.substr(at + until.size()));
    }
  }
  return networks;
}

core::GateSettings gate_of(const ServiceConfig& config) {
  return {.allow = networks_of(config.allow),
          .deny = networks_of(config.deny),
          .most_per_address = config.most_per_address,
          .most_per_token = config.most_per_token,
          .proof_of_work = config.proof_of_work};
}

std::vector<std::string> tokens_of(const Config& config, const ServiceConfig& service) {
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
    tokens.push_back(std::move(line));
  }
  return tokens;
}

Secret secret_of(const Config& config, const ServiceConfig& service) {
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

std::unique_ptr<core::ServiceTokens> token_check(const Config& config, const ServiceConfig& service,
                                                 const TokenSources& sources) {
  switch (service.tokens_from) {
    case TokensFrom::list:
      return std::make_unique<core::ListedTokens>(tokens_of(config, service));
    case TokensFrom::accounts:
      return std::make_unique<core::AccountTokens>(sources.journal, sources.clock);
    case TokensFrom::webhook:
      return std::make_unique<notifiers::webhook::WebhookTokens>(
          notifiers::webhook::Settings{
              .service = service.name, .url = service.tokens_webhook, .secret = secret_of(config, service)},
          sources.clock, sources.tasks, sources.log);
  }
  return {};
}

void add_token_faults(const ServiceConfig& config, std::vector<std::string>& faults) {
  const std::string name = "service '" + config.name + "' ";
  const bool webhook = config.tokens_from == TokensFrom::webhook;
  const bool has_webhook = !config.tokens_webhook.empty() || !config.tokens_webhook_secret_file.empty();
  if (config.mode != core::ServiceMode::token) {
    if (config.tokens_from != TokensFrom::list || !config.tokens_file.empty() || has_webhook) {
      faults.push_back(name + "has keys about tokens, which are for mode token alone");
    }
    return;
  }
  if ((config.tokens_from == TokensFrom::list) == config.tokens_file.empty()) {
    faults.push_back(name + "needs a tokens_file with tokens_from list, and none with another");
  }
  if (!webhook && has_webhook) {
    faults.push_back(name + "has a webhook that nobody asks; set tokens_from to webhook");
  }
  if (webhook && config.tokens_webhook_secret_file.empty()) {
    faults.push_back(name + "needs a tokens_webhook_secret_file, by which the webhook knows who asks");
  }
  if (webhook) {
    if (const auto fault = notifiers::webhook::fault_of_url(config.tokens_webhook)) {
      faults.push_back(name + "cannot use its tokens_webhook: it " + *fault);
    }
  }
  if (config.tokens_from == TokensFrom::accounts && config.token_length < core::tcp_token_length) {
    faults.push_back(name + "needs a token_length of at least " + std::to_string(core::tcp_token_length) +
                     ": as long are the tokens of accounts");
  }
}

void add_faults(const ServiceConfig& config, std::vector<std::string>& faults) {
  const std::string name = "service '" + config.name + "' ";
  try {
    if (config.tls_names.empty() || !config.listen.empty()) {
      parse_address(config.listen);
    }
  } catch (const Error& error) {
    faults.push_back(name + "cannot listen: " + error.what());
  }
  try {
    for (const std::string& fault : faults_of(gate_of(config))) {
      faults.push_back(name + fault);
    }
  } catch (const Error& error) {
    faults.push_back(name + error.what());
  }
  add_token_faults(config, faults);
  if (config.greeting_limit < Seconds{1}) {
    faults.push_back(name + "needs a greeting_limit of at least 1s");
  }
  if (config.token_length == 0 || config.token_length > 4096) {
    faults.push_back(name + "needs a token_length from 1 to 4096");
  }
}

}  // namespace

std::vector<std::string> faults_of_services(const Config& config) {
  std::vector<std::string> faults;
  std::set<std::string> names;
  for (const ServiceConfig& service : config.service) {
    for (std::string& fault : core::faults_of(service_of(service))) {
      faults.push_back(std::move(fault));
    }
    add_faults(service, faults);
    if (!names.insert(service.name).second) {
      faults.push_back("there are two services named '" + service.name + "'");
    }
    if (std::ranges::find(config.plan, service.plan, &core::Plan::name) == config.plan.end()) {
      faults.push_back("service '" + service.name + "' names the plan '" + service.plan + "', which there is not");
    }
  }
  return faults;
}

std::vector<doors::tcp::Offer> offers_of(const Config& config, const TokenSources& sources) {
  std::vector<doors::tcp::Offer> offers;
  for (const ServiceConfig& service : config.service) {
    const Address address = service.listen.empty() ? Address{} : parse_address(service.listen);
    doors::tcp::Offer& offer = offers.emplace_back();
    offer.service = service_of(service);
    offer.host = address.host;
    offer.port = address.port;
    offer.tls_names = service.tls_names;
    offer.proxy_protocol = service.proxy_protocol;
    offer.token_length = service.token_length;
    offer.greeting_limit = service.greeting_limit;
    offer.gate = gate_of(service);
    if (service.mode == core::ServiceMode::token) {
      offer.tokens = token_check(config, service, sources);
    }
  }
  return offers;
}

}  // namespace berth::server
