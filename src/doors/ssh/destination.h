// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "async/trigger.h"
#include "core/instances.h"

namespace berth::doors::ssh {

// What stands before the @: "IMAGE", "PLAN+IMAGE", or an instance's id or name.
struct Target {
  std::optional<std::string> plan;
  std::string name;
};
Target parse_target(std::string_view user);

// The instance a connection is about: found, or made from an image, when the first of its channels asks. Lives in its
// Visit; who is cancelled while it is being made leaves that to the next.
class Destination {
 public:
  // Tells the client how it goes.
  using Say = std::function<async::Task<>(std::string)>;

  Destination(core::Instances& instances, core::Caller caller, std::string user, const async::Executor& executor);

  // The instance, running: started if it was stopped. Throws Error{not_found} and what starting it failed with.
  async::Task<core::Instance> running(Say say);
  // Whether this connection made it; asked once.
  bool is_news() { return std::exchange(made_, false); }

 private:
  async::Task<InstanceId> find_or_make();
  async::Task<std::optional<InstanceId>> find();
  async::Task<core::Instance> start(InstanceId id, Say say);

  core::Instances& instances_;
  core::Caller caller_;
  Target target_;
  std::optional<InstanceId> id_;
  bool made_ = false;
  bool searching_ = false;
  async::Trigger searched_;
};

}  // namespace berth::doors::ssh
