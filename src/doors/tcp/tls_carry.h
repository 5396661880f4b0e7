// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/local/stream_protocol.hpp>

#include "async/task.h"
#include "doors/tcp/tls_stream.h"

namespace berth::doors::tcp {

// Moves bytes between a client's TLS and `inner`, the bare connection, until both ways have ended; the end of each is
// carried on. A side that breaks ends the other. Both are closed then.
async::Task<> carry(TlsStream& stream, boost::asio::local::stream_protocol::socket inner);

}  // namespace berth::doors::tcp
