// SPDX-License-Identifier: Apache-2.0
#include "agent/input_buffer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "wire/agent_protocol.h"

namespace berth::agent {
namespace {

TEST(InputBuffer, keeps_the_order_and_counts_what_was_taken) {
  InputBuffer buffer;
  buffer.receive(0, "hello ");
  buffer.take(3);
  buffer.receive(6, "world");
  EXPECT_EQ(buffer.waiting(), "lo world");
  EXPECT_EQ(buffer.taken(), 3U);
  EXPECT_EQ(buffer.received(), 11U);
  buffer.take(8);
  EXPECT_EQ(buffer.taken(), 11U);
  EXPECT_TRUE(buffer.waiting().empty());
}

TEST(InputBuffer, skips_what_is_sent_again_after_a_new_link) {
  InputBuffer buffer;
  buffer.receive(0, "abcdef");
  buffer.receive(2, "cdefgh");
  buffer.receive(0, "ab");
  EXPECT_EQ(buffer.waiting(), "abcdefgh");
}

TEST(InputBuffer, refuses_a_gap_and_more_than_the_window) {
  InputBuffer buffer;
  EXPECT_THROW(buffer.receive(1, "x"), Error);
  buffer.receive(0, std::string(wire::input_window, 'x'));
  EXPECT_THROW(buffer.receive(wire::input_window, "x"), Error);
  buffer.take(1);
  buffer.receive(wire::input_window, "x");
}

TEST(InputBuffer, takes_everything_once_nobody_reads) {
  InputBuffer buffer;
  buffer.receive(0, "abc");
  buffer.discard();
  EXPECT_EQ(buffer.taken(), 3U);
  buffer.receive(3, "def");
  EXPECT_EQ(buffer.taken(), 6U);
  EXPECT_TRUE(buffer.waiting().empty());
}

}  // namespace
}  // namespace berth::agent
