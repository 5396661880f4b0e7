// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/config.h"

namespace berth::cli {

// Which session, and what it is joined to here.
struct AttachRequest {
  enum class Input {
    none,    // the session gets the end of its input at once
    stream,  // whole, to the end
    keys,    // typed on a terminal, with escapes
  };

  std::string instance;
  std::string session;
  Input input = Input::none;
  bool sole_writer = false;  // we opened it, so all its input is ours
  bool terminal = false;     // follow the size of our terminal; signals detach instead of being passed on
  int input_descriptor = 0;
  int output_descriptor = 1;
  int error_descriptor = 2;
};

struct ReattachPolicy {
  Milliseconds first_wait{200};
  Milliseconds longest_wait = Seconds{5};
  Milliseconds give_up = Seconds{120};
};

struct AttachmentEnd {
  enum class How {
    exited,         // `code` as a shell would tell it: 128 + n for signal n
    detached,       // by escape; the session goes on
    interrupted,    // by a signal to us; `code` is 128 + its number
    output_closed,  // nobody reads our output any more
  };
  How how = How::exited;
  int code = 0;
};

// Joins a session to local descriptors until it ends, over as many connections as that takes. `phrase` gets parts of
// lines for people, and returns what of it goes to the error descriptor, in its turn between the output. Throws Error
// when the session cannot be reached any more. Ignores SIGPIPE while it runs.
AttachmentEnd attach(const Access& access, const AttachRequest& request, const ReattachPolicy& policy,
                     const std::function<std::string(const std::string&)>& phrase);

}  // namespace berth::cli
