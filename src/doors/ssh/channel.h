// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "async/task.h"
#include "async/trigger.h"
#include "doors/ssh/messages.h"

namespace berth::doors::ssh {

// One channel of a connection as the event thread sees it: what the client sends, and a way back that holds back who
// writes faster than the client reads. Lives in its Visit.
class Channel {
 public:
  using Item = std::variant<Input, InputEnded, Resized, Signalled>;
  using Orderer = std::function<void(Order)>;

  Channel(async::Executor executor, ChannelNumber number, Orderer order);

  // What the client sends next. One reader at a time; who took Input says consumed() when there is room for more.
  async::Task<Item> next();
  void consumed(std::size_t bytes);
  // Waits while the client does not take what was written before.
  async::Task<> write(wire::Stream stream, std::string bytes);
  void end_output();
  // The last word: how the program ended, if one did.
  void finish(std::optional<wire::SessionExit> exit);
  void answer_forward(bool welcome);
  // Returns when the client closed it or is gone.
  async::Task<> closed();

  // What the protocol thread reports.
  void take(Item item);
  void take(const Taken& taken);
  void close();

 private:
  ChannelNumber number_;
  Orderer order_;
  std::deque<Item> items_;
  std::size_t unsent_ = 0;
  bool closed_ = false;
  async::Trigger changed_;
};

}  // namespace berth::doors::ssh
