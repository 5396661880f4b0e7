// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/session_view.h"
#include "http/exchange.h"

namespace berth::doors::rest {

// Carries one viewer over one WebSocket, as attachSession of the contract says, until either side ends.
async::Task<> serve_session(http::WebSocket& socket, core::SessionView& view, std::uint64_t offset);

// Throws Error{invalid_argument} unless both are from 1 to 1000.
void check_window(const wire::WindowSize& size);

}  // namespace berth::doors::rest
