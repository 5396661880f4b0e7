// SPDX-License-Identifier: Apache-2.0
// For tests: an event thread with a Relay, and connections through it whose outer ends block, up to a deadline.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "relay/relay.h"

namespace berth::relay {

enum class Family { tcp, local };

// Two connected sockets.
std::pair<Descriptor, Descriptor> connected(Family family);

// A connection through a relay, seen by the client and by the program inside. It ends with this at the latest.
struct Relayed {
  ~Relayed();

  Descriptor client;
  Descriptor inside;
  std::shared_ptr<Activity> activity = std::make_shared<Activity>();
  std::promise<Report> promise;
  std::future<Report> report = promise.get_future();
  boost::asio::cancellation_signal cancellation;
  std::function<void(std::function<void()>)> on_event_thread;

  // How it ended, within the deadline.
  Report ended();
};

class RelayTest : public ::testing::Test {
 protected:
  explicit RelayTest(std::size_t threads = 2) : relay(std::make_unique<Relay>(Settings{.threads = threads})) {}
  ~RelayTest() override;

  std::unique_ptr<Relayed> start(Family family = Family::tcp, Limits limits = {}, std::string from_client = {});
  void start(Relayed& relayed, Ends ends, Limits limits = {});
  void cancel(Relayed& relayed);
  // Runs `work` on the event thread and waits for it.
  void on_event_thread(std::function<void()> work);

  boost::asio::io_context loop;
  std::unique_ptr<Relay> relay;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop.get_executor()};
  std::thread thread_{[this] { loop.run(); }};
};

std::string random_bytes(std::size_t count, unsigned seed);
void send_all(const Descriptor& socket, std::string_view bytes);
// In pieces of random sizes up to `largest`.
void send_in_pieces(const Descriptor& socket, std::string_view bytes, std::size_t largest, unsigned seed);
// Exactly so many bytes; fewer, if the connection ends before.
std::string receive(const Descriptor& socket, std::size_t count);
std::string receive_rest(const Descriptor& socket);
// What a read says when nothing more is to come: 0 (the end), or the error.
int last_word(const Descriptor& socket);
void close_with_reset(Descriptor& socket);
void half_close(const Descriptor& socket);
void expect_answers(const Relayed& relayed, int rounds);
std::size_t open_descriptors();

}  // namespace berth::relay
