// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/handshakes.h"

#include <gtest/gtest.h>

#include <vector>

namespace berth::doors::tcp {
namespace {

class HandshakesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Handshakes::Place> enter(const std::string& customer, int number) {
    return handshakes_.enter(customer, [this, number] { gave_way_.push_back(number); });
  }

  Handshakes handshakes_{3, 2};
  std::vector<int> gave_way_;
};

TEST_F(HandshakesTest, of_one_customer_let_the_oldest_go_when_they_are_too_many) {
  const auto other = enter("b", 0);
  const auto first = enter("a", 1);
  const auto second = enter("a", 2);
  const auto third = enter("a", 3);
  EXPECT_EQ(gave_way_, std::vector{1});
  EXPECT_EQ(handshakes_.count(), 3U);
}

TEST_F(HandshakesTest, let_the_oldest_of_all_go_when_all_are_too_many) {
  const auto first = enter("a", 1);
  const auto second = enter("b", 2);
  const auto third = enter("c", 3);
  const auto fourth = enter("d", 4);
  EXPECT_EQ(gave_way_, std::vector{1});
  EXPECT_EQ(handshakes_.count(), 3U);
}

TEST_F(HandshakesTest, make_room_by_finishing) {
  auto first = enter("a", 1);
  const auto second = enter("a", 2);
  first.reset();
  const auto third = enter("a", 3);
  EXPECT_TRUE(gave_way_.empty());
  EXPECT_EQ(handshakes_.count(), 2U);
}

}  // namespace
}  // namespace berth::doors::tcp
