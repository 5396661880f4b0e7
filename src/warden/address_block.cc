// SPDX-License-Identifier: Apache-2.0
#include "warden/address_block.h"

#include <arpa/inet.h>

#include <charconv>

#include "base/error.h"

namespace berth::warden {

std::optional<Address> parse_address(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) {
    return std::nullopt;
  }
  return ntohl(address.s_addr);
}

std::string format_address(Address address) {
  return std::to_string(address >> 24) + "." + std::to_string((address >> 16) & 255) + "." +
         std::to_string((address >> 8) & 255) + "." + std::to_string(address & 255);
}

AddressBlock::AddressBlock(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Address> address = parse_address(text.substr(0, slash));
  bool good = slash != std::string_view::npos && address.has_value();
  if (good) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), bits_);
    good = fault == std::errc() && end == number.data() + number.size() && bits_ >= 8 && bits_ <= 28;
  }
  if (!good || (*address & ((1U << (32 - bits_)) - 1)) != 0) {
    throw Error(ErrorKind::invalid_argument, "'network' must be an IPv4 network of 8 to 28 bits, as 100.64.0.0/10",
                "network");
  }
  first_ = *address;
}

std::string AddressBlock::text() const { return format_address(first_) + "/" + std::to_string(bits_); }

}  // namespace berth::warden
