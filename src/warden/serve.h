// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/descriptor.h"
#include "warden/layout.h"
#include "warden/requests.h"

namespace berth::warden {

// The uid and gid of the user who may ask. Throws Error{not_found} that says what to do.
struct ClientUser {
  uid_t uid = 0;
  gid_t gid = 0;
};
ClientUser find_client_user(const std::string& name);

// The listening socket at RUN/warden.sock, for this user's group and root.
Descriptor listen_for_clients(const Layout& layout, ClientUser client);

// Accepts and serves, a thread for each connection, until `stop` is readable; then ends the connections and waits for
// what they are doing, a few seconds at most.
void serve(const Requests& requests, const Descriptor& listener, ClientUser client, int stop);

}  // namespace berth::warden
