// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace berth::cli {

struct ServerSentEvent {
  std::string id;
  std::string name;
  std::string data;
};

// Splits a text/event-stream (HTML standard, section 9.2) into events, however its bytes are cut. Throws
// Error{too_large} on an event over 1 MiB.
class EventSplitter {
 public:
  explicit EventSplitter(std::function<void(const ServerSentEvent&)> on_event) : on_event_(std::move(on_event)) {}
  void take(std::string_view bytes);

 private:
  void take_line();

  std::function<void(const ServerSentEvent&)> on_event_;
  std::string line_;
  bool after_return_ = false;  // a line feed now ends no further line
  ServerSentEvent event_;
  bool has_data_ = false;
};

}  // namespace berth::cli
