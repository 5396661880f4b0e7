// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/admission.h"

#include <gtest/gtest.h>

namespace berth::doors::ssh {
namespace {

class AdmissionTest : public testing::Test {
 protected:
  ManualClock clock_;
  Admission admission_{
      {.most_connections = 6, .most_strangers = 4, .most_strangers_per_address = 2, .most_failures_per_minute = 3},
      clock_};
};

TEST_F(AdmissionTest, an_address_with_too_many_strangers_waits_and_others_do_not) {
  EXPECT_TRUE(admission_.admit("a"));
  EXPECT_TRUE(admission_.admit("a"));
  EXPECT_FALSE(admission_.admit("a"));
  EXPECT_TRUE(admission_.admit("b"));
  admission_.welcome("a");
  EXPECT_TRUE(admission_.admit("a"));
}

TEST_F(AdmissionTest, strangers_of_all_addresses_have_a_limit) {
  for (const char* address : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(admission_.admit(address));
  }
  EXPECT_FALSE(admission_.admit("e"));
  admission_.leave_stranger("a");
  EXPECT_TRUE(admission_.admit("e"));
}

TEST_F(AdmissionTest, an_address_that_fails_too_often_waits_for_a_minute) {
  for (int count = 0; count < 3; ++count) {
    EXPECT_TRUE(admission_.admit("a"));
    admission_.leave_stranger("a");
    clock_.advance(Seconds{10});
  }
  EXPECT_FALSE(admission_.admit("a"));
  EXPECT_TRUE(admission_.admit("b"));
  clock_.advance(Seconds{30});  // the first is a minute ago
  EXPECT_TRUE(admission_.admit("a"));
}

TEST_F(AdmissionTest, new_guests_count_like_failures) {
  for (int count = 0; count < 3; ++count) {
    EXPECT_TRUE(admission_.admit("a"));
    admission_.welcome("a", /*new_guest=*/true);
  }
  EXPECT_FALSE(admission_.admit("a"));
  clock_.advance(Seconds{60});
  EXPECT_TRUE(admission_.admit("a"));
}

TEST_F(AdmissionTest, connections_that_are_known_count_until_they_leave) {
  for (int count = 0; count < 6; ++count) {
    EXPECT_TRUE(admission_.admit("a"));
    admission_.welcome("a");
  }
  EXPECT_FALSE(admission_.admit("b"));
  admission_.leave();
  EXPECT_TRUE(admission_.admit("b"));
  EXPECT_EQ(admission_.connections(), 6U);
}

TEST_F(AdmissionTest, addresses_without_news_are_forgotten) {
  for (int count = 0; count < 5000; ++count) {
    const std::string address = std::to_string(count);
    EXPECT_TRUE(admission_.admit(address));
    admission_.leave_stranger(address);
    clock_.advance(Seconds{1});
  }
  EXPECT_LT(admission_.addresses(), 1100U);
}

TEST(AdmissionAddress, is_a_network_of_ipv6_and_an_address_of_ipv4) {
  EXPECT_EQ(admission_address("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(admission_address("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(admission_address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(admission_address("2001:db8:1:2::9"), "2001:db8:1:2::/64");
}

}  // namespace
}  // namespace berth::doors::ssh
