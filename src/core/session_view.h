// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/enum.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "async/task.h"
#include "async/trigger.h"
#include "base/error.h"
#include "wire/agent_protocol.h"

namespace berth::core {

class AgentLink;

struct SessionOutput {
  wire::Stream stream = wire::Stream::standard_output;
  std::uint64_t offset = 0;
  std::string bytes;
};

// The program took the session's input up to here, counted over all viewers.
struct InputTaken {
  std::uint64_t offset = 0;
};

// Another viewer came or went, or somebody changed the role: see SessionView::viewers().
struct ViewersChanged {};

// The last two are a recorder's alone: the window's size as it is changed.
using SessionItem = std::variant<SessionOutput, InputTaken, ViewersChanged, wire::SessionExit, wire::WindowSize>;

// What a viewer may do. While one has taken over, nobody else's hand moves the session.
enum class ViewerRole { view, interact, take_over };
BOOST_DESCRIBE_ENUM(ViewerRole, view, interact, take_over)

struct Viewer {
  std::string name;
  ViewerRole role = ViewerRole::interact;
  bool self = false;  // the one who asks
};

// One viewer of one session: its own position in the output, and a hand on the input. Lives on the event thread, held
// by a door; destroying it detaches and leaves the session running. Cancelling next() loses nothing.
class SessionView {
 public:
  SessionView(std::shared_ptr<AgentLink> link, std::uint32_t session, std::uint64_t position);
  ~SessionView();
  SessionView(const SessionView&) = delete;
  SessionView& operator=(const SessionView&) = delete;

  std::uint32_t session() const { return session_; }
  const std::shared_ptr<AgentLink>& link() const { return link_; }
  // Input that the program took by now.
  std::uint64_t input_taken() const;
  // Makes it a viewer that the others see and are told of.
  void introduce(std::string name, ViewerRole role);
  // Whoever had taken over before only interacts from now on.
  void take_role(ViewerRole role);
  // Makes it a viewer that nobody sees, which gets the sizes of the window.
  void record();
  // Whether its input, sizes and signals are taken; else they are dropped.
  bool may_write() const;
  std::vector<Viewer> viewers() const;
  // Output in order without repetition, in pieces of at most 64 KiB, then the exit, once; between them what was taken
  // of the input and who else looks. An offset beyond the last means that the bytes between are no longer kept. Throws
  // the Error that cut the link or closed the session.
  async::Task<SessionItem> next();
  // Everything before `offset` arrived; without this the program is held back at wire::output_window.
  void acknowledge(std::uint64_t offset);
  // Waits while the program does not take its input.
  async::Task<> input(std::string bytes);
  void end_input();
  void resize(wire::WindowSize size);
  void signal(int number);

 private:
  friend class AgentLink;

  void assume(ViewerRole role);

  std::shared_ptr<AgentLink> link_;  // shared: a view may outlive the instance's place in AgentLinks
  std::uint32_t session_;
  std::uint64_t received_;           // the position behind the last byte in items_
  std::uint64_t attach_ = 0;         // which of the session's attaches was ours, from 1; 0: it was opened with us
  std::uint64_t attached_from_ = 0;  // what that asked for
  bool joined_ = false;              // the agent's answer to our attach, or our position, has been reached
  std::uint64_t acknowledged_;       // what the viewer took
  std::deque<SessionItem> items_;
  std::size_t buffered_ = 0;
  std::optional<InputTaken> input_taken_;  // not yet told
  std::string name_;                       // empty: nobody whom the others are shown
  ViewerRole role_ = ViewerRole::interact;
  bool records_ = false;
  bool viewers_changed_ = false;  // not yet told
  bool exit_delivered_ = false;
  async::Trigger changed_;
};

}  // namespace berth::core
