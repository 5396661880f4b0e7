// SPDX-License-Identifier: Apache-2.0
#include "agent/ports.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "agent/small_file.h"

namespace berth::agent {
namespace {

constexpr std::size_t most_ports = 256;             // about 90 bytes each as JSON, so they fit into one frame
constexpr std::size_t most_bytes = 1 << 20;         // the kernel lists listening sockets first
constexpr std::string_view listening_state = "0A";  // TCP_LISTEN in linux/net/tcp_states.h

std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

template <class Number>
bool read_hexadecimal(std::string_view text, Number& into) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), into, 16);
  return fault == std::errc{} && end == text.data() + text.size();
}

// The address is printed as the 32-bit words it has in memory, each as a number.
std::optional<std::string> read_address(std::string_view text) {
  std::array<std::uint32_t, 4> words{};
  if (text.size() != 8 && text.size() != 32) {
    return std::nullopt;
  }
  for (std::size_t word = 0; word * 8 < text.size(); ++word) {
    if (!read_hexadecimal(text.substr(word * 8, 8), words[word])) {
      return std::nullopt;
    }
  }
  std::array<char, INET6_ADDRSTRLEN> printed{};
  ::inet_ntop(text.size() == 8 ? AF_INET : AF_INET6, words.data(), printed.data(), printed.size());
  return printed.data();
}

std::optional<wire::ListeningPort> read_line(std::string_view protocol, std::string_view line) {
  next_word(line);
  const std::string_view local = next_word(line);
  next_word(line);
  if (next_word(line) != listening_state) {
    return std::nullopt;
  }
  const std::size_t colon = local.find(':');
  wire::ListeningPort port{.protocol = std::string(protocol)};
  const auto address = read_address(local.substr(0, colon));
  if (!address || colon == std::string_view::npos || !read_hexadecimal(local.substr(colon + 1), port.port)) {
    return std::nullopt;
  }
  port.address = *address;
  return port;
}

}  // namespace

void add_listening_ports(std::string_view protocol, std::string_view text, std::size_t most,
                         wire::ListeningPorts& ports) {
  while (!text.empty() && ports.ports.size() < most) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto found = read_line(protocol, line);
    const bool is_new =
        found && std::ranges::none_of(ports.ports, [&](const wire::ListeningPort& known) {
          return known.port == found->port && known.address == found->address && known.protocol == found->protocol;
        });
    if (is_new) {
      ports.ports.push_back(*found);
    }
  }
}

wire::ListeningPorts listening_ports() {
  wire::ListeningPorts ports;
  add_listening_ports("tcp", read_small_file("/proc/net/tcp", most_bytes), most_ports, ports);
  add_listening_ports("tcp6", read_small_file("/proc/net/tcp6", most_bytes), most_ports, ports);
  return ports;
}

}  // namespace berth::agent
