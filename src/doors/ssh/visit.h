// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "async/task_group.h"
#include "doors/ssh/channel.h"
#include "doors/ssh/destination.h"
#include "doors/ssh/forward.h"
#include "doors/ssh/settings.h"

namespace berth::doors::ssh {

// One connection as the event thread sees it, from the accept to its end: who comes, about which instance, and a task
// for each channel. serve() runs until the client is gone, its key is removed or it is cancelled; then every channel's
// task has ended.
class Visit {
 public:
  Visit(const Services& services, const Settings& settings, async::Executor executor, Channel::Orderer order);

  // Told once the client has proven a key, and whether a guest was made for it.
  using Welcomed = std::function<void(bool new_guest)>;
  async::Task<> serve(Welcomed welcomed);
  void take(Report report);

 private:
  async::Task<> stay(Welcomed welcomed);
  async::Task<> leave();
  async::Task<> gone();
  async::Task<> sign_in();
  // Whether the key is good; then, if it was proven, caller_ is set.
  async::Task<bool> try_key(KeyOffered offer);
  void open(ChannelNumber number, std::function<async::Task<>(Channel&)> work);
  async::Task<> serve_channel(ChannelNumber number, std::function<async::Task<>(Channel&)> work);
  Surroundings around() { return {services_, settings_, *caller_, *destination_}; }

  const Services& services_;
  const Settings& settings_;
  async::Executor executor_;
  Channel::Orderer order_;
  async::Trigger changed_;
  std::optional<KeyOffered> offer_;
  std::optional<core::Caller> caller_;
  std::unique_ptr<Destination> destination_;
  bool new_guest_ = false;
  bool gone_ = false;
  std::map<ChannelNumber, std::unique_ptr<Channel>> channels_;
  async::TaskGroup tasks_;
};

}  // namespace berth::doors::ssh
