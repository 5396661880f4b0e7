// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/error.h"

namespace berth {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 5> byte_units = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};

}  // namespace

Bytes parse_bytes(std::string_view text) {
  std::uint64_t amount = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (fault == std::errc{}) {
    if (unit.empty()) {
      return {amount};
    }
    for (const auto& [name, shift] : byte_units) {
      if (unit == name && amount <= (std::numeric_limits<std::uint64_t>::max() >> shift)) {
        return {amount << shift};
      }
    }
  }
  throw Error(ErrorKind::invalid_argument,
              "'" + std::string(text) + "' is not a size; write for example 64KiB, 512MiB or 2GiB");
}

std::string format_bytes(Bytes bytes) {
  for (const auto& [name, shift] : byte_units) {
    if (bytes.count != 0 && bytes.count % (std::uint64_t{1} << shift) == 0) {
      return std::to_string(bytes.count >> shift) + std::string(name);
    }
  }
  return "0B";
}

}  // namespace berth
