// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "async/task.h"
#include "http/router.h"
#include "http/static_files.h"

namespace berth::doors::web {

// The console in the browser: everything it does goes through the REST door, so this one only hands out files. Reads
// them when it is made (throws Error{unavailable}); lives as long as the router it filled.
class WebDoor {
 public:
  explicit WebDoor(const std::filesystem::path& folder);
  // The page for every GET that no other door answers, but below /api/.
  void add_routes(http::Router& router);

 private:
  async::Task<> serve(http::Exchange& exchange);

  http::StaticFiles files_;
};

}  // namespace berth::doors::web
