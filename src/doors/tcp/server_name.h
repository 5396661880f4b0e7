// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::doors::tcp {

// The host name in a server_name extension of TLS (RFC 6066), in lower case. Nothing when there is none.
std::optional<std::string> read_server_name(std::string_view extension);
// Whether it may be a host's name, in lower case and without a dot at the end.
bool is_host_name(std::string_view name);

}  // namespace berth::doors::tcp
