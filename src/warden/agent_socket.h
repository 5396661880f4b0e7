// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "warden/files.h"

namespace berth::warden {

// The unix socket on which an instance's agent listens. It lies in a folder that only root can enter, so that all
// connections to agents pass through the warden.
Descriptor listen_for_agent(const path& folder, const std::string& id);
// A new connection. The instance may be hostile and never accept: Error{timed_out} when its queue stays full for
// `limit`. Error{unavailable} when nobody listens.
Descriptor connect_to_agent(const path& folder, const std::string& id, Milliseconds limit);
void remove_agent_socket(const path& folder, const std::string& id);

}  // namespace berth::warden
