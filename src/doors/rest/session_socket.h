// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "core/session_view.h"
#include "http/exchange.h"

namespace berth::doors::rest {

// Asks for another role of the viewer.
using TakeRole = std::function<async::Task<>(core::ViewerRole)>;

// Carries one viewer over one WebSocket, as attachSession of the contract says, until either side ends.
async::Task<> serve_session(http::WebSocket& socket, core::SessionView& view, std::uint64_t offset, TakeRole take_role);

// Throws Error{invalid_argument} unless both are from 1 to 1000.
void check_window(const wire::WindowSize& size);

}  // namespace berth::doors::rest
