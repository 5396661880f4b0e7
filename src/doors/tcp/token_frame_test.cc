// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/token_frame.h"

#include <gtest/gtest.h>

namespace berth::doors::tcp {
namespace {

using namespace std::string_literals;

TEST(TokenFrame, is_a_token_and_two_bytes) {
  const TokenFrame frame = read_token_frame(std::string(128, 'a') + "\1\2");
  EXPECT_TRUE(frame.token == std::string(128, 'a'));
  EXPECT_EQ(frame.identifier, 0x0102);
  EXPECT_FALSE(frame.is_reset());
  EXPECT_TRUE(read_token_frame(std::string(128, 'a') + "\0\0"s).is_reset());
}

TEST(TokenFrame, may_have_a_shorter_token_with_zeros_behind) {
  EXPECT_EQ(read_token_frame("ab\0c\0\0\0\1"s).token, "ab\0c"s);
  EXPECT_EQ(read_token_frame("\0\0\0\1"s).token, "");
}

}  // namespace
}  // namespace berth::doors::tcp
