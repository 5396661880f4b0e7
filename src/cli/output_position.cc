// SPDX-License-Identifier: Apache-2.0
#include "cli/output_position.h"

#include <algorithm>

namespace berth::cli {

std::uint64_t OutputPosition::attached(std::uint64_t offset) {
  repeated_ = offset < received_ ? received_ - offset : 0;
  if (offset <= received_) {
    return 0;
  }
  const std::uint64_t lost = offset - received_;
  received_ += lost;
  written_ += lost;  // never to be written: it counts as done, what still waits does not
  return lost;
}

std::string_view OutputPosition::arrived(std::string_view output) {
  const auto known = std::min<std::uint64_t>(repeated_, output.size());
  repeated_ -= known;
  output.remove_prefix(known);
  received_ += output.size();
  return output;
}

std::optional<std::uint64_t> OutputPosition::wrote(std::uint64_t count) {
  written_ += count;
  if (written_ - acknowledged_ < acknowledge_every) {
    return std::nullopt;
  }
  return acknowledge();
}

std::uint64_t OutputPosition::acknowledge() {
  acknowledged_ = written_;
  return written_;
}

}  // namespace berth::cli
