// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

namespace berth::core {

enum class ImageState { preparing, ready, failed };
BOOST_DESCRIBE_ENUM(ImageState, preparing, ready, failed)

inline constexpr auto lab_source = "lab";  // of what the machines of labs begin with

struct Image {
  ImageName name;
  std::string source;  // "built_in", "import", lab_source or a registry reference
  ImageState state = ImageState::preparing;
  double progress = 0;  // 0 to 1; kept in memory only while preparing
  std::string note;
  std::optional<std::string> reason;  // why it failed
  Bytes size;
  TimePoint created_at;
};

}  // namespace berth::core
