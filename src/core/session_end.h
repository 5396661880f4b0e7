// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/agent_link.h"

namespace berth::core {

// Ends the session of a view however its use ends: for commands and file transfers that are nobody's once their caller
// is gone. Lives on the event thread.
class SessionEnd {
 public:
  explicit SessionEnd(const SessionView& view) : link_(view.link()), session_(view.session()) {}
  ~SessionEnd() { link_->close(session_); }
  SessionEnd(const SessionEnd&) = delete;
  SessionEnd& operator=(const SessionEnd&) = delete;

 private:
  std::shared_ptr<AgentLink> link_;  // shared: the link may have failed and left its place already
  std::uint32_t session_;
};

}  // namespace berth::core
