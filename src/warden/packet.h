// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace berth::warden {

// One message of the warden protocol, with the descriptors that came with it.
struct Packet {
  std::string text;
  std::vector<Descriptor> descriptors;
};

// The next packet; none at the end of the connection. Throws Error{invalid_argument} for one that is too long or
// carries more descriptors than `most_descriptors` (at most 16).
std::optional<Packet> receive_packet(int connection, std::size_t most_descriptors = 1);
// Throws Error{unavailable} when the peer is gone or does not read.
void send_packet(int connection, std::string_view text, int descriptor = -1);
void send_packet(int connection, std::string_view text, const std::vector<int>& descriptors);

}  // namespace berth::warden
