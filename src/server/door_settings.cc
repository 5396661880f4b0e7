// SPDX-License-Identifier: Apache-2.0
#include "server/door_settings.h"

#include <fstream>
#include <iterator>

namespace berth::server {
namespace {

std::string read_contract(const Config& config) {
  std::ifstream file(std::filesystem::path(config.console) / "openapi.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.empty() ? "{}" : text;
}

}  // namespace

std::string public_url(const Config& config, std::uint16_t port) {
  if (!config.public_url.empty()) {
    return config.public_url;
  }
  const Address address = parse_address(config.listen);
  const bool any = address.host == "0.0.0.0" || address.host == "::";
  const std::string host = any ? "127.0.0.1" : address.host;
  return "http://" + (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

http::Settings http_settings(const Config& config) {
  const Address address = parse_address(config.listen);
  http::Settings settings;
  settings.address = address.host;
  settings.port = address.port;
  settings.most_connections = config.limits.most_connections;
  settings.max_body = config.limits.largest_upload;
  return settings;
}

doors::rest::Settings rest_settings(const Config& config) {
  return {.public_url = public_url(config, parse_address(config.listen).port),
          .contract = read_contract(config),
          .upload_folder = own_folder(config, "scratch").string(),
          .largest_upload = config.limits.largest_upload};
}

std::string ssh_host(const Config& config) {
  if (!config.ssh.host.empty()) {
    return config.ssh.host;
  }
  std::string url = public_url(config, 0);
  url.erase(0, url.find("//") + 2);
  return url.starts_with('[') ? url.substr(1, url.find(']') - 1) : url.substr(0, url.find_first_of(":/"));
}

doors::ssh::Settings ssh_settings(const Config& config) {
  const Address address = parse_address(config.ssh.listen);
  return {.address = address.host,
          .port = address.port,
          .host = ssh_host(config),
          .key_file = own_folder(config) / "ssh-host-key",
          .guests = config.ssh.guests,
          .limits = {.most_connections = config.ssh.most_connections,
                     .most_strangers = config.ssh.most_strangers,
                     .most_strangers_per_address = config.ssh.most_strangers_per_address,
                     .most_failures_per_minute = config.ssh.most_failures_per_minute},
          .silence_limit = config.ssh.silence_limit};
}

}  // namespace berth::server
