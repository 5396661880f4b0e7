// SPDX-License-Identifier: Apache-2.0
// The header of the PROXY protocol. Beyond not crashing: a header means the same however the network cuts it into
// pieces, what follows it changes nothing, and what was refused stays refused whatever comes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "doors/tcp/proxy_protocol.h"

namespace {

using namespace berth;
using namespace berth::doors::tcp;

void demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

struct Outcome {
  bool refused = false;
  std::optional<ProxyHeader> header;
};

Outcome read(std::string_view bytes) {
  try {
    return {.refused = false, .header = read_proxy_header(bytes)};
  } catch (const Error& error) {
    demand(error.kind() == ErrorKind::invalid_argument);
    return {.refused = true, .header = {}};
  }
}

void check(std::string_view bytes, std::size_t cut) {
  const Outcome whole = read(bytes);
  const Outcome part = read(bytes.substr(0, cut % (bytes.size() + 1)));
  demand(!part.refused || whole.refused);
  if (part.header) {
    demand(whole.header && whole.header->length == part.header->length &&
           whole.header->address == part.header->address);
  }
  if (!whole.header) {
    return;
  }
  const std::size_t length = whole.header->length;
  demand(length > 0 && length <= bytes.size() && length <= longest_proxy_header);
  demand(!bytes.starts_with("PROXY ") || length <= longest_text_header);
  const Outcome alone = read(bytes.substr(0, length));
  demand(alone.header && alone.header->length == length && alone.header->address == whole.header->address);
  const Outcome shorter = read(bytes.substr(0, length - 1));
  demand(!shorter.refused && !shorter.header);
}

// Random bytes hardly ever come far: most inputs are put where one part of a header is read.
std::string shaped(unsigned shape, const std::string& text) {
  const std::string start("\r\n\r\n\0\r\nQUIT\n", 12);
  const std::string length{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
  switch (shape % 8) {
    case 0:
      return text;
    case 1:
      return "PROXY " + text;
    case 2:
      return "PROXY TCP4 " + text + "\r\n";
    case 3:
      return "PROXY TCP6 2001:db8::" + text + " ::1 1 2\r\n";
    case 4:
      return start + text;
    case 5:
      return start + "\x21\x11" + length + text + "more";
    case 6:
      return start + "\x21\x21" + length + text + "more";
    default:
      return start + "\x20" + text;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  check(shaped(bytes[1], std::string(reinterpret_cast<const char*>(bytes) + 2, size - 2)), bytes[0]);
  return 0;
}
