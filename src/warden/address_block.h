// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::warden {

// An IPv4 address as a number, 10.0.0.1 = 0x0a000001.
using Address = std::uint32_t;

std::optional<Address> parse_address(std::string_view text);
std::string format_address(Address address);

// A block of IPv4 addresses, one for each instance.
class AddressBlock {
 public:
  // "100.64.0.0/10". Throws Error{invalid_argument} unless it is a network of 8 to 28 bits.
  explicit AddressBlock(std::string_view text);

  // How many instances it has addresses for: the first and the last are not used.
  std::uint32_t size() const { return (1U << (32 - bits_)) - 2; }
  // Of the instance with this index, from 0 to size() - 1.
  Address at(std::uint32_t index) const { return first_ + 1 + index; }
  std::string text() const;

 private:
  Address first_ = 0;
  unsigned bits_ = 0;
};

}  // namespace berth::warden
