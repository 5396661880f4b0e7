// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "wire/agent_protocol.h"

namespace berth::agent {

// The listening sockets in the text of /proc/net/tcp (`protocol` "tcp") or tcp6, without repetition, at most `most`
// together with those already in `ports`. Lines of another form are skipped.
void add_listening_ports(std::string_view protocol, std::string_view text, std::size_t most,
                         wire::ListeningPorts& ports);

// Those of this network namespace, as many as fit into one frame.
wire::ListeningPorts listening_ports();

}  // namespace berth::agent
