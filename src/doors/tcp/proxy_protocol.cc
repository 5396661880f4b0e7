// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"

namespace berth::doors::tcp {
namespace {

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t binary_size = 16;

[[noreturn]] void refuse() {
  throw Error(ErrorKind::invalid_argument, "the connection does not begin with a header of the PROXY protocol");
}

unsigned byte_at(std::string_view bytes, std::size_t index) { return static_cast<unsigned char>(bytes[index]); }

template <std::size_t size>
std::array<std::uint8_t, size> take(std::string_view bytes) {
  std::array<std::uint8_t, size> taken{};
  std::ranges::copy(bytes.substr(0, size), taken.begin());
  return taken;
}

// "TCP4 SOURCE DESTINATION PORT PORT" or "UNKNOWN …".
std::optional<NetworkAddress> address_in(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) {
      break;
    }
    line.remove_prefix(space + 1);
  }
  if (words.front() == "UNKNOWN") {
    return std::nullopt;
  }
  if (words.size() != 5 || (words.front() != "TCP4" && words.front() != "TCP6")) {
    refuse();
  }
  const auto address = NetworkAddress::parse(words[1]);
  if (!address) {
    refuse();
  }
  return address;
}

std::optional<ProxyHeader> read_text(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, longest_text_header).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= longest_text_header) {
      refuse();
    }
    return std::nullopt;
  }
  return ProxyHeader{end + 2, address_in(bytes.substr(text_start.size(), end - text_start.size()))};
}

std::optional<ProxyHeader> read_binary(std::string_view bytes) {
  if (bytes.size() < binary_size) {
    return std::nullopt;
  }
  const unsigned version = byte_at(bytes, 12) >> 4;
  const unsigned command = byte_at(bytes, 12) & 0xf;
  const unsigned family = byte_at(bytes, 13);
  const std::size_t length = byte_at(bytes, 14) << 8 | byte_at(bytes, 15);
  if (version != 2 || command > 1) {
    refuse();
  }
  if (bytes.size() < binary_size + length) {
    return std::nullopt;
  }
  const std::string_view addresses = bytes.substr(binary_size, length);
  ProxyHeader header{binary_size + length, {}};
  if (command == 1 && family == 0x11) {
    if (length < 12) {
      refuse();
    }
    header.address = NetworkAddress::from_ipv4(take<4>(addresses));
  } else if (command == 1 && family == 0x21) {
    if (length < 36) {
      refuse();
    }
    header.address = NetworkAddress::from_ipv6(take<16>(addresses));
  }
  return header;
}

bool may_begin_with(std::string_view bytes, std::string_view start) {
  const std::size_t shared = std::min(bytes.size(), start.size());
  return bytes.substr(0, shared) == start.substr(0, shared);
}

}  // namespace

std::optional<ProxyHeader> read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) {
    return std::nullopt;
  }
  if (may_begin_with(bytes, text_start)) {
    return bytes.size() < text_start.size() ? std::nullopt : read_text(bytes);
  }
  if (may_begin_with(bytes, binary_start)) {
    return read_binary(bytes);
  }
  refuse();
}

}  // namespace berth::doors::tcp
