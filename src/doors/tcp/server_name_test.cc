// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/server_name.h"

#include <gtest/gtest.h>

namespace berth::doors::tcp {
namespace {

using namespace std::string_literals;

TEST(ServerName, is_read_from_the_extension_in_lower_case) {
  EXPECT_EQ(read_server_name("\0\x0e\0\0\x0bPwn.Example"s), "pwn.example");
}

TEST(ServerName, is_nothing_where_the_extension_is_not_as_it_should_be) {
  for (const std::string& wrong : {""s, "\0"s, "\0\0"s, "\0\1\0"s, "\0\3\0\0\0"s, "\0\5\1\0\2ab"s, "\0\5\0\0\3ab"s,
                                   "\0\6\0\0\2ab"s, "\0\5\0\0\2a\0"s, "\0\5\0\0\2a."s, "\0\x0a\0\0\2ab\0\0\2cd"s}) {
    EXPECT_FALSE(read_server_name(wrong)) << testing::PrintToString(wrong);
  }
  EXPECT_TRUE(read_server_name("\0\5\0\0\2ab"s));
}

TEST(ServerName, is_made_of_labels) {
  for (const auto* good : {"a", "pwn.example.org", "xn--bcher-kva.example", "a_b.c-d.9"}) {
    EXPECT_TRUE(is_host_name(good)) << good;
  }
  for (const std::string& bad : {""s, "."s, "a."s, ".a"s, "a..b"s, "-a"s, "a-"s, "A"s, "*.a"s, "a b"s,
                                 std::string(64, 'a'), std::string(200, 'a') + "." + std::string(200, 'a')}) {
    EXPECT_FALSE(is_host_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace berth::doors::tcp
