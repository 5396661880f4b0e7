// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/network_address.h"

namespace berth::doors::tcp {

// The PROXY protocol, versions 1 and 2 (haproxy, "The PROXY protocol", 2020-03-05).

inline constexpr std::size_t longest_proxy_header = 16 + 65'535;
inline constexpr std::size_t longest_text_header = 107;

struct ProxyHeader {
  std::size_t length = 0;                 // of the header; what follows is the client's
  std::optional<NetworkAddress> address;  // none: the proxy speaks for itself (a health check), or did not tell
};

// What `bytes` begin with: a header, or nothing while it is not whole. Throws Error{invalid_argument} when it cannot
// become one.
std::optional<ProxyHeader> read_proxy_header(std::string_view bytes);

}  // namespace berth::doors::tcp
