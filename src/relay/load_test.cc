// SPDX-License-Identifier: Apache-2.0
// Many connections, long ones, unfair ones, and a host that has run out of something.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>
#include <future>
#include <vector>

#include "relay/test_ends.h"

namespace berth::relay {
namespace {

// With a single thread, everybody is in everybody's way.
class OneThreadTest : public RelayTest {
 protected:
  OneThreadTest() : RelayTest(1) {}
};

// Lowers the limit of open files so that none can be opened, while it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

void carry(const Relayed& relayed, const std::string& bytes) {
  auto sends = std::async(std::launch::async, [&] { send_in_pieces(relayed.client, bytes, 1 << 20, 1); });
  EXPECT_TRUE(receive(relayed.inside, bytes.size()) == bytes);
  sends.get();
}

TEST_F(OneThreadTest, splices_long_flows_and_copies_the_short_between_them) {
  const auto relayed = start();
  for (unsigned round = 0; round < 3; ++round) {
    const std::uint64_t before = relay->bytes_spliced();
    carry(*relayed, random_bytes(24 << 20, round));
    EXPECT_GT(relay->bytes_spliced(), before + (4 << 20));
    expect_answers(*relayed, 3);  // ends the long flow, perhaps within its pipe
    const std::uint64_t after = relay->bytes_spliced();
    expect_answers(*relayed, 100);
    EXPECT_EQ(relay->bytes_spliced(), after);
  }
}

TEST_F(OneThreadTest, delivers_what_is_in_a_pipe_before_the_end) {
  const auto relayed = start();
  const std::string bytes = random_bytes(32 << 20, 1);
  auto sends = std::async(std::launch::async, [&] {
    send_all(relayed->client, bytes);
    half_close(relayed->client);
  });
  EXPECT_TRUE(receive_rest(relayed->inside) == bytes);
  EXPECT_GT(relay->bytes_spliced(), 0U);
  sends.get();
}

TEST_F(OneThreadTest, copies_when_there_are_no_descriptors_for_pipes) {
  const auto relayed = start();
  const NoMoreDescriptors none;
  carry(*relayed, random_bytes(16 << 20, 1));
  EXPECT_EQ(relay->bytes_spliced(), 0U);
}

TEST_F(OneThreadTest, copies_when_all_pipes_are_in_use) {
  std::vector<std::unique_ptr<Relayed>> stuck;
  std::vector<std::future<void>> senders;
  const std::string bytes(64 << 20, 'x');
  for (int count = 0; count < 20; ++count) {  // more than there are pipes
    stuck.push_back(start());
    senders.push_back(std::async(std::launch::async, [&, relayed = stuck.back().get()] {
      while (::send(relayed->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      }
    }));
    receive(stuck.back()->inside, 8 << 20);  // then no more
  }
  const auto relayed = start();
  carry(*relayed, random_bytes(16 << 20, 1));
  for (const auto& each : stuck) {
    cancel(*each);
    EXPECT_EQ(each->ended().end, End::cancelled);
  }
  const std::uint64_t before = relay->bytes_spliced();
  carry(*relayed, random_bytes(16 << 20, 1));
  EXPECT_GT(relay->bytes_spliced(), before);  // pipes that were lost are made anew
}

TEST_F(OneThreadTest, lets_a_slow_reader_slow_only_itself) {
  const auto slow = start();
  const auto other = start();
  const std::string bytes = random_bytes(48 << 20, 1);
  auto sends = std::async(std::launch::async, [&] { send_all(slow->client, bytes); });
  expect_answers(*other, 500);
  EXPECT_LT(slow->activity->bytes_from_client(), bytes.size());
  EXPECT_TRUE(receive(slow->inside, bytes.size()) == bytes);
  sends.get();
}

TEST_F(OneThreadTest, lets_a_flood_starve_nobody) {
  const auto flood = start();
  const auto other = start();
  auto sends = std::async(std::launch::async, [&] {
    const std::string bytes(1 << 20, 'x');
    while (::send(flood->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  auto receives = std::async(std::launch::async, [&] { receive_rest(flood->inside); });
  expect_answers(*other, 500);
  cancel(*flood);
  EXPECT_EQ(flood->ended().end, End::cancelled);
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

TEST_F(OneThreadTest, does_not_spin_on_ends_that_have_hung_up) {
  const auto half = start();
  half_close(half->client);
  EXPECT_EQ(last_word(half->inside), 0);
  const auto gone = start(Family::local);  // hung up for good, and the other end does not read what is left
  const std::string bytes(64 << 10, 'x');
  while (::send(gone->client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
  }
  gone->client.reset();
  const auto begin = processor_time();
  pollfd nothing{.fd = half->client.get(), .events = POLLIN};
  EXPECT_EQ(::poll(&nothing, 1, 300), 0);  // all that should happen meanwhile is nothing
  EXPECT_LT(processor_time() - begin, std::chrono::milliseconds{100});
}

TEST_F(RelayTest, carries_five_hundred_at_once) {
  std::vector<std::unique_ptr<Relayed>> all;
  for (int count = 0; count < 500; ++count) {
    all.push_back(start());
  }
  EXPECT_EQ(relay->active(), 500U);
  for (unsigned index = 0; index < all.size(); ++index) {
    send_all(all[index]->client, random_bytes(20000, index));
    half_close(all[index]->client);
  }
  for (unsigned index = 0; index < all.size(); ++index) {
    EXPECT_TRUE(receive_rest(all[index]->inside) == random_bytes(20000, index));
    all[index]->inside.reset();
  }
  for (const auto& each : all) {
    EXPECT_EQ(each->ended().end, End::finished);
  }
  EXPECT_EQ(relay->active(), 0U);
}

TEST_F(RelayTest, leaks_no_descriptor_however_a_connection_ends) {
  carry(*start(), random_bytes(8 << 20, 1));  // the loops may keep their pipes
  relay = std::make_unique<Relay>(Settings{.threads = 1});
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 10; ++round) {
    const auto finished = start();
    const auto reset = start();
    const auto cancelled = start();
    const auto idle = start(Family::tcp, {.idle = Milliseconds{1}});
    finished->client.reset();
    finished->inside.reset();
    close_with_reset(reset->inside);
    cancel(*cancelled);
    for (const auto* each : {&finished, &reset, &cancelled, &idle}) {
      (*each)->ended();
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace berth::relay
