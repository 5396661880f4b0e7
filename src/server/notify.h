// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace berth::server {

// Tells systemd (sd_notify(3)) that we are ready, if it asked to be told.
void notify_ready();

}  // namespace berth::server
