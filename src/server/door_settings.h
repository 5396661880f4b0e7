// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the configuration says to each door.

#include <string>

#include "doors/rest/rest_door.h"
#include "doors/ssh/ssh_door.h"
#include "http/server.h"
#include "server/config.h"

namespace berth::server {

// The address visitors use; `port` is the one that was bound.
std::string public_url(const Config& config, std::uint16_t port);
http::Settings http_settings(const Config& config);
doors::rest::Settings rest_settings(const Config& config);
// The name by which ssh reaches this host.
std::string ssh_host(const Config& config);
doors::ssh::Settings ssh_settings(const Config& config);

}  // namespace berth::server
