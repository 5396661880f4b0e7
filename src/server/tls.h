// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "doors/tcp/tls_settings.h"
#include "server/config.h"

namespace berth::server {

// Every fault of [tls] and of the services' names as a sentence. Reads the certificates.
std::vector<std::string> faults_of_tls(const Config& config);

// The [tls] of a configuration that has one and no fault.
doors::tcp::TlsSettings tls_settings(const Config& config);

void print_tls(std::ostream& out, const Tls& tls);

}  // namespace berth::server
