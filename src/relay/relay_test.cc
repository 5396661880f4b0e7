// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <thread>

#include "relay/test_ends.h"

namespace berth::relay {
namespace {

std::future<void> sending(const Descriptor& socket, const std::string& bytes, std::size_t largest, unsigned seed) {
  return std::async(std::launch::async, [&, largest, seed] { send_in_pieces(socket, bytes, largest, seed); });
}

std::future<std::string> receiving(const Descriptor& socket, std::size_t count) {
  return std::async(std::launch::async, [&, count] { return receive(socket, count); });
}

void carries_both_ways_intact(Relayed& relayed) {
  const std::string there = random_bytes(8 << 20, 1);
  const std::string back = random_bytes(5 << 20, 2);
  auto client_sends = sending(relayed.client, there, 200000, 3);
  auto inside_sends = sending(relayed.inside, back, 3000, 4);
  auto inside_receives = receiving(relayed.inside, there.size());
  auto client_receives = receiving(relayed.client, back.size());
  EXPECT_TRUE(inside_receives.get() == there);
  EXPECT_TRUE(client_receives.get() == back);
  client_sends.get();
  inside_sends.get();
  half_close(relayed.client);
  half_close(relayed.inside);
  const Report report = relayed.ended();
  EXPECT_EQ(report.end, End::finished);
  EXPECT_EQ(report.from_client, there.size());
  EXPECT_EQ(report.from_inside, back.size());
}

TEST_F(RelayTest, carries_bytes_both_ways_intact) { carries_both_ways_intact(*start()); }

TEST_F(RelayTest, carries_bytes_between_sockets_that_are_not_tcp) { carries_both_ways_intact(*start(Family::local)); }

TEST_F(RelayTest, delivers_first_what_was_read_before) {
  const std::string before = random_bytes(3 << 20, 1);  // more than the sockets take at once
  const auto relayed = start(Family::tcp, {}, before);
  send_all(relayed->client, "and after");
  EXPECT_TRUE(receive(relayed->inside, before.size()) == before);
  EXPECT_EQ(receive(relayed->inside, 9), "and after");
  EXPECT_EQ(relayed->activity->bytes_from_client(), before.size() + 9);
}

TEST_F(RelayTest, carries_a_half_close_of_the_client_after_all_before_it) {
  const auto relayed = start();
  const std::string question = random_bytes(1 << 20, 1);
  auto sends = sending(relayed->client, question, 100000, 2);
  sends.wait();
  half_close(relayed->client);
  EXPECT_TRUE(receive_rest(relayed->inside) == question);
  send_all(relayed->inside, "the answer");
  EXPECT_EQ(receive(relayed->client, 10), "the answer");
  relayed->inside.reset();
  EXPECT_EQ(last_word(relayed->client), 0);
  EXPECT_EQ(relayed->ended().end, End::finished);
}

TEST_F(RelayTest, carries_a_half_close_of_the_inside_after_all_before_it) {
  const auto relayed = start();
  send_all(relayed->inside, "goodbye");
  half_close(relayed->inside);
  EXPECT_EQ(receive_rest(relayed->client), "goodbye");
  send_all(relayed->client, "one more thing");
  EXPECT_EQ(receive(relayed->inside, 14), "one more thing");
  relayed->client.reset();
  EXPECT_EQ(last_word(relayed->inside), 0);
  EXPECT_EQ(relayed->ended().end, End::finished);
}

TEST_F(RelayTest, makes_a_reset_of_the_client_a_reset_inside) {
  const auto relayed = start();
  expect_answers(*relayed, 1);
  close_with_reset(relayed->client);
  EXPECT_EQ(last_word(relayed->inside), ECONNRESET);
  EXPECT_EQ(relayed->ended().end, End::reset);
}

TEST_F(RelayTest, takes_a_client_on_a_pair_that_is_not_tcp_for_reset_when_its_end_is_closed) {
  const auto relayed = start(Family::local);
  expect_answers(*relayed, 1);
  send_all(relayed->client, "last words");
  relayed->client.reset();
  EXPECT_EQ(receive(relayed->inside, 10), "last words");
  EXPECT_EQ(last_word(relayed->inside), 0);
  EXPECT_EQ(relayed->ended().end, End::reset);
}

TEST_F(RelayTest, makes_a_reset_inside_a_reset_of_the_client) {
  const auto relayed = start();
  expect_answers(*relayed, 1);
  close_with_reset(relayed->inside);
  EXPECT_EQ(last_word(relayed->client), ECONNRESET);
  EXPECT_EQ(relayed->ended().end, End::reset);
}

TEST_F(RelayTest, resets_after_a_half_close_too) {
  const auto relayed = start();
  half_close(relayed->client);
  EXPECT_EQ(last_word(relayed->inside), 0);
  close_with_reset(relayed->client);
  EXPECT_EQ(relayed->ended().end, End::reset);
}

// A service that exits without reading all of its input resets the connection, right behind its last words.
TEST_F(RelayTest, delivers_what_came_before_a_reset) {
  for (int round = 0; round < 200; ++round) {  // words and reset may arrive together
    const auto relayed = start();
    send_all(relayed->client, "never read");
    char byte = 0;
    ASSERT_EQ(::recv(relayed->inside.get(), &byte, 1, MSG_PEEK), 1);
    send_all(relayed->inside, "last words");
    relayed->inside.reset();
    ASSERT_EQ(receive(relayed->client, 10), "last words");
    ASSERT_EQ(last_word(relayed->client), ECONNRESET);
    ASSERT_EQ(relayed->ended().end, End::reset);
  }
}

TEST_F(RelayTest, delivers_what_came_before_a_reset_that_it_meets_when_writing) {
  Relayed relayed;
  Ends ends{.from_client = "too late"};
  std::tie(relayed.client, ends.client) = connected(Family::tcp);
  std::tie(ends.inside, relayed.inside) = connected(Family::tcp);
  send_all(ends.inside, "never read");
  char byte = 0;
  ASSERT_EQ(::recv(relayed.inside.get(), &byte, 1, MSG_PEEK), 1);
  send_all(relayed.inside, "last words");
  relayed.inside.reset();
  start(relayed, std::move(ends));
  EXPECT_EQ(receive(relayed.client, 10), "last words");
  EXPECT_EQ(last_word(relayed.client), ECONNRESET);
  EXPECT_EQ(relayed.ended().end, End::reset);
}

TEST_F(RelayTest, survives_a_reset_in_the_middle_of_a_long_flow) {
  for (int round = 0; round < 10; ++round) {
    const auto relayed = start();
    if (round % 2 == 0) {  // a splice then meets EPIPE, for which kernels may have a signal
      half_close(relayed->inside);
      EXPECT_EQ(last_word(relayed->client), 0);
    }
    std::thread sends([&] {
      const std::string bytes(1 << 20, 'x');
      while (::send(relayed->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      }
    });
    receive(relayed->inside, (8 << 20) + 100000 * round);
    close_with_reset(relayed->inside);
    EXPECT_EQ(relayed->ended().end, End::reset);
    sends.join();
  }
  EXPECT_GT(relay->bytes_spliced(), 0U);
}

TEST_F(RelayTest, resets_at_once_when_the_other_end_does_not_read) {
  const auto relayed = start();
  int small = 4096;
  ::setsockopt(relayed->inside.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::thread flood([&] {
    const std::string bytes(1 << 20, 'x');
    while (::send(relayed->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0 ||
           relayed->activity->bytes_from_client() == 0) {
    }
  });
  flood.join();
  close_with_reset(relayed->client);
  EXPECT_EQ(relayed->ended().end, End::reset);
}

TEST_F(RelayTest, keeps_urgent_bytes_in_their_place) {
  const auto relayed = start();
  expect_answers(*relayed, 1);
  for (int round = 0; round < 50; ++round) {
    send_all(relayed->client, "be");
    ASSERT_EQ(::send(relayed->client.get(), "!", 1, MSG_OOB), 1);
    send_all(relayed->client, "after");
    ASSERT_EQ(receive(relayed->inside, 8), "be!after");
  }
}

TEST_F(RelayTest, sends_small_pieces_at_once_and_asks_quiet_peers_whether_they_live) {
  Relayed relayed;
  Ends ends;
  std::tie(relayed.client, ends.client) = connected(Family::tcp);
  std::tie(ends.inside, relayed.inside) = connected(Family::tcp);
  const Descriptor client(::dup(ends.client.get()));
  const Descriptor inside(::dup(ends.inside.get()));
  start(relayed, std::move(ends));
  expect_answers(relayed, 1);
  for (const Descriptor* socket : {&client, &inside}) {
    int no_delay = 0;
    int keep_alive = 0;
    socklen_t length = sizeof no_delay;
    ASSERT_EQ(::getsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
    ASSERT_EQ(::getsockopt(socket->get(), SOL_SOCKET, SO_KEEPALIVE, &keep_alive, &length), 0);
    EXPECT_NE(no_delay, 0);
    EXPECT_NE(keep_alive, 0);
  }
  relayed.client.reset();  // duplicates elsewhere do not keep its end from being seen
  relayed.inside.reset();
  EXPECT_EQ(relayed.ended().end, End::finished);
}

TEST_F(RelayTest, tells_of_what_moves_while_it_moves) {
  const auto relayed = start();
  const auto before = relayed->activity->last_moved();
  expect_answers(*relayed, 3);
  send_all(relayed->client, "12345");
  receive(relayed->inside, 5);
  half_close(relayed->client);
  half_close(relayed->inside);
  relayed->ended();
  EXPECT_EQ(relayed->activity->bytes_from_client(), 8U);
  EXPECT_EQ(relayed->activity->bytes_from_inside(), 3U);
  EXPECT_GT(relayed->activity->last_moved(), before);
}

TEST_F(RelayTest, ends_a_connection_on_which_nothing_moves) {
  const auto relayed = start(Family::tcp, {.idle = Milliseconds{30}});
  EXPECT_EQ(last_word(relayed->client), 0);
  EXPECT_EQ(last_word(relayed->inside), 0);
  EXPECT_EQ(relayed->ended().end, End::idle);
  EXPECT_EQ(relay->active(), 0U);
}

TEST_F(RelayTest, counts_the_idle_limit_from_the_last_byte) {
  constexpr Milliseconds limit{400};
  const auto relayed = start(Family::tcp, {.idle = limit});
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < 2 * limit) {
    expect_answers(*relayed, 100);
  }
  EXPECT_EQ(relayed->ended().end, End::idle);
  EXPECT_GE(std::chrono::steady_clock::now() - relayed->activity->last_moved(), limit);
}

TEST_F(RelayTest, ends_both_sides_when_cancelled) {
  const auto relayed = start();
  expect_answers(*relayed, 1);
  cancel(*relayed);
  EXPECT_EQ(last_word(relayed->client), 0);
  EXPECT_EQ(last_word(relayed->inside), 0);
  const Report report = relayed->ended();
  EXPECT_EQ(report.end, End::cancelled);
  EXPECT_EQ(report.from_client, 1U);
  EXPECT_EQ(relay->active(), 0U);
}

TEST_F(RelayTest, can_be_cancelled_while_bytes_are_in_flight) {
  for (int round = 0; round < 20; ++round) {
    const auto relayed = start();
    std::thread sends([&] {
      const std::string bytes(1 << 16, 'x');
      while (::send(relayed->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      }
    });
    receive(relayed->inside, 1 + 300000 * round);
    cancel(*relayed);
    EXPECT_EQ(relayed->ended().end, End::cancelled);
    sends.join();
  }
}

TEST_F(RelayTest, can_be_destroyed_with_connections_alive) {
  const auto quiet = start();
  const auto busy = start(Family::tcp, {.idle = Seconds{60}});
  std::thread sends([&] {
    const std::string bytes(1 << 16, 'x');
    while (::send(busy->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  receive(busy->inside, 4 << 20);
  on_event_thread([&] { relay.reset(); });
  EXPECT_EQ(last_word(quiet->client), 0);
  EXPECT_EQ(quiet->ended().end, End::cancelled);
  EXPECT_EQ(busy->ended().end, End::cancelled);
  sends.join();
}

TEST_F(RelayTest, may_be_cancelled_after_the_relay_has_gone) {
  const auto relayed = start();
  on_event_thread([&] {
    relay.reset();
    relayed->cancellation.emit(boost::asio::cancellation_type::terminal);
  });
  EXPECT_EQ(relayed->ended().end, End::cancelled);
}

}  // namespace
}  // namespace berth::relay
