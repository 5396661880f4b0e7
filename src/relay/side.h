// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "base/descriptor.h"

namespace berth::relay {

class Connection;

// One end of a connection: the socket, and what epoll (edge-triggered: it tells of changes only) and the last call on
// the socket have said of it.
struct Side {
  Side(Connection& owner, Descriptor stream, bool client)
      : connection(owner), socket(std::move(stream)), is_client(client) {}

  Connection& connection;
  Descriptor socket;
  bool is_client;
  bool readable = true;  // as far as known: a read that finds nothing says otherwise
  bool writable = true;  // likewise
  bool hung_up = false;  // the peer closed: only a read of 0 bytes means that all was read, as no event will follow
  bool urgent = false;   // the peer sent urgent data, where reads stop early: likewise
  bool ended = false;    // we closed our way
  bool failed = false;   // reset or broken; what it sent before can still be read

  // Sets the options of the socket and registers it with epoll. False when the kernel refuses.
  bool prepare(int epoll);
  void note(std::uint32_t events);
  // Removes it from epoll (a duplicate of the descriptor elsewhere would keep it there) and closes it.
  void close_with_end(int epoll);
  void close_with_reset(int epoll);
};

}  // namespace berth::relay
