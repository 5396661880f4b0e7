// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "http/exchange.h"

namespace berth::http {

// How the end of an answer is known.
enum class Framing { none, length, chunks, close };

struct Answer {
  Framing framing = Framing::length;
  std::uint64_t length = 0;
  bool keeps_connection = true;
  bool to_version_1_0 = false;
};

// Status line and header, with the empty line. Throws Error{internal} for a status, name or value that HTTP does not
// allow, and for headers that are the server's own (Connection, Content-Length, Date, ...).
std::string print_head(const Response& response, const Answer& answer);

// One chunk of a streamed answer; an empty piece is none.
std::string print_chunk(std::string piece);
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace berth::http
