// SPDX-License-Identifier: Apache-2.0
#include "base/network_address.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(NetworkAddress, reads_both_families_and_nothing_else) {
  EXPECT_EQ(NetworkAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(NetworkAddress::parse("::ffff:192.0.2.1"), NetworkAddress::parse("192.0.2.1"));
  EXPECT_EQ(NetworkAddress::parse("2001:DB8::0:1")->text(), "2001:db8::1");
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "::1%eth0", "host", "1:2"}) {
    EXPECT_FALSE(NetworkAddress::parse(text)) << text;
  }
  EXPECT_FALSE(NetworkAddress::parse(std::string(1000, '1')));
}

TEST(NetworkAddress, counts_an_ipv6_network_as_one_customer) {
  EXPECT_EQ(NetworkAddress::parse("2001:db8:0:1:2::3")->customer(), "2001:db8:0:1::/64");
  EXPECT_EQ(NetworkAddress::parse("2001:db8:0:1::9")->customer(), "2001:db8:0:1::/64");
  EXPECT_EQ(NetworkAddress::parse("192.0.2.1")->customer(), "192.0.2.1");
}

TEST(Network, contains_what_its_prefix_says) {
  const auto contains = [](const char* network, const char* address) {
    return Network::parse(network)->contains(*NetworkAddress::parse(address));
  };
  EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("::/0", "192.0.2.1"));
  for (const char* text : {"", "/8", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2.0/8x", "2001:db8::/129"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace berth
