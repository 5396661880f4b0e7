// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "async/task.h"
#include "base/descriptor.h"

namespace berth::doors::rest {

// Reads a pipe on the event thread. Lives in the task that reads; cancelling read() loses nothing.
class PipeReader {
 public:
  explicit PipeReader(Descriptor pipe);
  // The next piece, at most 64 KiB; nothing at the end. Throws Error{unavailable}.
  async::Task<std::optional<std::string>> read();

 private:
  Descriptor pipe_;
};

}  // namespace berth::doors::rest
