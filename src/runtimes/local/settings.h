// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace berth::runtimes::local {

struct Settings {
  std::string warden_socket = "/run/berth/warden.sock";
  // Changes of instances at once, and as many looks at them. What takes long has connections of its own.
  std::uint32_t connections = 4;
  std::string image_folder = "/var/lib/berth/scratch";  // berthd's own, for images on their way to the warden
  std::string skopeo = "skopeo";                        // a name in PATH or a path
  std::vector<std::string> insecure_registries;         // host or host:port: plain HTTP or an unknown certificate
  Bytes largest_image = 16_GiB;                         // as it is downloaded or unpacked from an upload

  Seconds operation_limit{20};      // for an answer of the warden
  Seconds create_limit{60};         // for the answer to create
  Seconds busy_limit{60};           // for a free connection
  Seconds pull_limit{60 * 60};      // for a whole download
  Seconds progress_limit{15 * 60};  // between two words of progress while the warden makes an image
};
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (warden_socket, connections, image_folder, skopeo, insecure_registries, largest_image,
                       operation_limit, create_limit, busy_limit, pull_limit, progress_limit))

}  // namespace berth::runtimes::local
