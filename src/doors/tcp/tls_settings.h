// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace berth::doors::tcp {

// PEM files: a chain that begins with the certificate itself, and its private key.
struct CertificateFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

// One address for many services, which clients tell apart by the name in their TLS greeting.
struct TlsSettings {
  std::string host;
  std::uint16_t port = 0;       // 0: a free one
  bool proxy_protocol = false;  // every connection begins with a header of it, before TLS
  std::vector<CertificateFiles> certificates;
  Seconds handshake_limit{10};         // with the header
  std::size_t most_handshakes = 1000;  // unfinished ones; beyond that the oldest gives way
  std::size_t most_handshakes_per_address = 100;
  Milliseconds look_again{2000};  // whether certificates were renewed
};

// Every fault of the files, and every name that no certificate is for, as a sentence.
std::vector<std::string> faults_of(const std::vector<CertificateFiles>& files, const std::set<std::string>& names);

}  // namespace berth::doors::tcp
