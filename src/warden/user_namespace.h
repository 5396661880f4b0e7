// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/descriptor.h"

namespace berth::warden {

// The host's user ids that are 0 to 65535 in an instance; the same for groups. No two instances share one.
struct UidRange {
  static constexpr std::uint32_t size = 65'536;
  std::uint32_t first = 0;

  // Of the instance with this index.
  static UidRange of(std::uint32_t first_uid, std::uint32_t index) { return {first_uid + index * size}; }
  // How many ranges there are from `first_uid` on; ids stay below 2^31, which some programs take for negative.
  static std::uint32_t count(std::uint32_t first_uid) { return (0x7fff0000U - first_uid) / size; }
  // The instance's number for an id of the host: nobody's for what is not of this range.
  std::uint32_t inside(std::uint32_t id) const { return id - first < size ? id - first : 65'534; }
};

// A user namespace in which id 0 to 65535 are the range's. It is only for idmapped mounts: nobody runs in it.
Descriptor make_user_namespace(UidRange range);

}  // namespace berth::warden
