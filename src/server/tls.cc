// SPDX-License-Identifier: Apache-2.0
#include "server/tls.h"

#include <filesystem>
#include <map>
#include <set>

#include "base/described.h"
#include "doors/tcp/server_name.h"

namespace berth::server {
namespace {

std::vector<doors::tcp::CertificateFiles> files_of(const Config& config) {
  const std::filesystem::path folder(config.folder);
  std::vector<doors::tcp::CertificateFiles> files;
  for (const TlsCertificate& pair : config.tls.certificate) {
    files.push_back({.certificate = folder / pair.certificate, .key = folder / pair.key});
  }
  return files;
}

// The names, those that are sound.
std::set<std::string> names_of(const Config& config, std::vector<std::string>& faults) {
  std::map<std::string, std::string> owners;
  std::set<std::string> names;
  for (const core::ServiceDefinition& service : config.service) {
    for (const std::string& name : service.tls_names) {
      if (!doors::tcp::is_host_name(name)) {
        faults.push_back("service '" + service.name + "' has '" + name +
                         "' in tls_names, which is no host name in lower case");
        continue;
      }
      const auto [owner, is_new] = owners.emplace(name, service.name);
      if (!is_new) {
        faults.push_back("services '" + owner->second + "' and '" + service.name + "' both have '" + name +
                         "' in tls_names");
      }
      names.insert(name);
    }
  }
  return names;
}

void add_faults(const Tls& tls, std::vector<std::string>& faults) {
  try {
    parse_address(tls.listen);
  } catch (const Error& error) {
    faults.emplace_back(std::string("tls.listen: ") + error.what());
  }
  if (tls.handshake_limit < Seconds{1}) {
    faults.emplace_back("tls.handshake_limit must be at least 1s");
  }
  if (tls.most_handshakes == 0 || tls.most_handshakes_per_address == 0) {
    faults.emplace_back("tls.most_handshakes and tls.most_handshakes_per_address must be at least 1");
  }
  if (tls.certificate.empty()) {
    faults.emplace_back("tls.listen needs at least one [[tls.certificate]]");
  }
}

}  // namespace

std::vector<std::string> faults_of_tls(const Config& config) {
  std::vector<std::string> faults;
  const std::set<std::string> names = names_of(config, faults);
  if (config.tls.listen.empty()) {
    for (const core::ServiceDefinition& service : config.service) {
      if (!service.tls_names.empty()) {
        faults.push_back("service '" + service.name + "' has tls_names, but [tls] has no listen");
      }
    }
    return faults;
  }
  add_faults(config.tls, faults);
  if (!config.tls.certificate.empty()) {
    for (std::string& fault : doors::tcp::faults_of(files_of(config), names)) {
      faults.push_back(std::move(fault));
    }
  }
  return faults;
}

doors::tcp::TlsSettings tls_settings(const Config& config) {
  const Address address = parse_address(config.tls.listen);
  return {.host = address.host,
          .port = address.port,
          .proxy_protocol = config.tls.proxy_protocol,
          .certificates = files_of(config),
          .handshake_limit = config.tls.handshake_limit,
          .most_handshakes = config.tls.most_handshakes,
          .most_handshakes_per_address = config.tls.most_handshakes_per_address};
}

void print_tls(std::ostream& out, const Tls& tls) {
  const auto text_of = [](const std::string& text) { return print_json(boost::json::string(text)); };
  out << "\n[tls]\n"
      << "listen = " << text_of(tls.listen)
      << "  # for example 0.0.0.0:443, for the services that have tls_names; empty: no TLS\n"
      << "proxy_protocol = " << (tls.proxy_protocol ? "true" : "false")
      << "  # every connection begins with a header of it, before TLS\n"
      << "handshake_limit = " << text_of(format_duration(tls.handshake_limit)) << "\n"
      << "most_handshakes = " << tls.most_handshakes << "  # unfinished; beyond that the oldest gives way\n"
      << "most_handshakes_per_address = " << tls.most_handshakes_per_address << "\n";
  if (tls.certificate.empty()) {
    out << "# [[tls.certificate]]\n# certificate = \"fullchain.pem\"  # relative to this file's folder\n"
        << "# key = \"privkey.pem\"  # not open to every user\n";
  }
  for (const TlsCertificate& pair : tls.certificate) {
    out << "\n[[tls.certificate]]\n"
        << "certificate = " << text_of(pair.certificate) << "\n"
        << "key = " << text_of(pair.key) << "\n";
  }
}

}  // namespace berth::server
