// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "doors/tcp/tcp_door.h"
#include "server/config.h"

namespace berth::server {

core::Service service_of(const ServiceConfig& config);

// Every fault of the configured services as a sentence.
std::vector<std::string> faults_of_services(const Config& config);

// The services of the configuration, which has no fault. Throws Error with a sentence for the operator when a tokens
// file cannot be read.
std::vector<doors::tcp::Offer> offers_of(const Config& config);

}  // namespace berth::server
