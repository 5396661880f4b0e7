// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/descriptor.h"

namespace berth::bench {

// Sockets on loopback that block. Each of these ends the program, with a sentence, when it cannot do its work.
Descriptor listen_on_loopback();
std::uint16_t port_of(const Descriptor& listener);
Descriptor connect_to(std::uint16_t port);
Descriptor accept_from(const Descriptor& listener);
void send_byte(const Descriptor& socket);
void receive_byte(const Descriptor& socket);
[[noreturn]] void give_up(const char* what);

}  // namespace berth::bench
