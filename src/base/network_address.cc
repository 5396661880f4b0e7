// SPDX-License-Identifier: Apache-2.0
#include "base/network_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace berth {
namespace {

constexpr std::array<std::uint8_t, 12> ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

NetworkAddress NetworkAddress::from_ipv4(const std::array<std::uint8_t, 4>& bytes) {
  NetworkAddress address;
  std::ranges::copy(ipv4_prefix, address.bytes_.begin());
  std::ranges::copy(bytes, address.bytes_.begin() + ipv4_prefix.size());
  return address;
}

NetworkAddress NetworkAddress::from_ipv6(const std::array<std::uint8_t, 16>& bytes) {
  NetworkAddress address;
  address.bytes_ = bytes;
  return address;
}

std::optional<NetworkAddress> NetworkAddress::parse(std::string_view text) {
  const std::string terminated(text.substr(0, INET6_ADDRSTRLEN));
  if (std::array<std::uint8_t, 4> bytes{}; ::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return from_ipv4(bytes);
  }
  if (std::array<std::uint8_t, 16> bytes{}; ::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return from_ipv6(bytes);
  }
  return std::nullopt;
}

bool NetworkAddress::is_ipv4() const { return std::equal(ipv4_prefix.begin(), ipv4_prefix.end(), bytes_.begin()); }

std::string NetworkAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_ipv4()) {
    ::inet_ntop(AF_INET, bytes_.data() + ipv4_prefix.size(), text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  }
  return text.data();
}

std::string NetworkAddress::customer() const {
  if (is_ipv4()) {
    return text();
  }
  NetworkAddress network = *this;
  std::fill(network.bytes_.begin() + 8, network.bytes_.end(), std::uint8_t{0});
  return network.text() + "/64";
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = NetworkAddress::parse(text.substr(0, slash));
  if (!address) {
    return std::nullopt;
  }
  Network network;
  network.first_ = *address;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const int most = address->is_ipv4() ? 32 : 128;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), network.length_);
    if (fault != std::errc{} || end != digits.data() + digits.size() || network.length_ < 0 || network.length_ > most) {
      return std::nullopt;
    }
    network.length_ += 128 - most;
  }
  return network;
}

bool Network::contains(const NetworkAddress& address) const {
  const auto whole = static_cast<std::size_t>(length_ / 8);
  const auto rest = static_cast<unsigned>(length_ % 8);
  if (!std::equal(first_.bytes_.begin(), first_.bytes_.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes_.begin())) {
    return false;
  }
  return rest == 0 || ((first_.bytes_[whole] ^ address.bytes_[whole]) >> (8 - rest)) == 0;
}

}  // namespace berth
