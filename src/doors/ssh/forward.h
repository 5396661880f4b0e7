// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doors/ssh/served_session.h"

namespace berth::doors::ssh {

// One connection of `ssh -L` into the instance: to its own loopback and nowhere else. Answers the channel's question,
// then carries bytes and half-closes both ways until both ends have ended. Cancelled when the client goes.
async::Task<> serve_forward(Surroundings around, Channel& channel, ForwardAsked asked);

}  // namespace berth::doors::ssh
