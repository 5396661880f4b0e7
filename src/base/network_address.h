// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

// An IPv4 or IPv6 address. IPv4 in its IPv6 form ("::ffff:192.0.2.1") is the same address.
class NetworkAddress {
 public:
  // "192.0.2.1" or "2001:db8::1", without a zone. Nothing when it is neither.
  static std::optional<NetworkAddress> parse(std::string_view text);
  static NetworkAddress from_ipv4(const std::array<std::uint8_t, 4>& bytes);
  static NetworkAddress from_ipv6(const std::array<std::uint8_t, 16>& bytes);

  std::string text() const;
  // One customer of a provider: an IPv4 address, or the /64 of an IPv6 address.
  std::string customer() const;
  bool is_ipv4() const;

  auto operator<=>(const NetworkAddress&) const = default;

 private:
  friend class Network;
  std::array<std::uint8_t, 16> bytes_{};
};

// A range of addresses in CIDR form (RFC 4632).
class Network {
 public:
  // "192.0.2.0/24", "2001:db8::/32", or a single address. Nothing when it is none.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const NetworkAddress& address) const;

 private:
  NetworkAddress first_;
  int length_ = 128;  // of the prefix, in IPv6 form
};

}  // namespace berth
