// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/sftp_input.h"
#include "base/error.h"

namespace berth::agent {
namespace {

const SftpAttributes full = {.size = 0x0123456789abcdef,
                             .owner = SftpOwner{.user = 0xfedcba98, .group = 1},
                             .mode = 0100644,
                             .times = SftpTimes{.accessed = 2, .modified = 0xffffffff}};

std::string packet_of(std::string_view text) {
  SftpReplies replies;
  replies.begin(SftpType::remove, 1);
  replies.put_text(text);
  replies.end();
  return replies.bytes();
}

void put(SftpInput& input, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto space = input.space();
    ASSERT_FALSE(space.empty());
    const std::size_t count = std::min(space.size(), bytes.size());
    std::copy_n(bytes.data(), count, space.data());
    input.received(count);
    bytes.remove_prefix(count);
  }
}

bool is_refused(std::string_view bytes) {
  SftpInput input;
  put(input, bytes);
  try {
    input.next();
  } catch (const Error& error) {
    return error.kind() == ErrorKind::invalid_argument;
  }
  return false;
}

TEST(SftpWire, fields_survive_the_way_to_a_packet_and_back) {
  SftpReplies replies;
  replies.begin(SftpType::name, 0x01020304);
  replies.put_long(0xfffefdfcfbfaf9f8);
  replies.put_text(std::string_view("a\0b", 3));
  replies.put_attributes(full);
  replies.put_attributes({});
  replies.end();
  SftpFields fields(replies.bytes());
  EXPECT_EQ(fields.number(), replies.size() - 4);
  EXPECT_EQ(fields.byte(), 104);
  EXPECT_EQ(fields.number(), 0x01020304U);
  EXPECT_EQ(fields.long_number(), 0xfffefdfcfbfaf9f8U);
  EXPECT_EQ(fields.text(), std::string_view("a\0b", 3));
  const SftpAttributes attributes = fields.attributes();
  EXPECT_EQ(attributes.size, full.size);
  EXPECT_EQ(attributes.owner->user, full.owner->user);
  EXPECT_EQ(attributes.owner->group, full.owner->group);
  EXPECT_EQ(attributes.mode, full.mode);
  EXPECT_EQ(attributes.times->accessed, full.times->accessed);
  EXPECT_EQ(attributes.times->modified, full.times->modified);
  const SftpAttributes none = fields.attributes();
  EXPECT_FALSE(none.size || none.owner || none.mode || none.times);
  EXPECT_TRUE(fields.empty());
}

TEST(SftpWire, numbers_are_big_endian) {
  EXPECT_EQ(packet_of("x"), std::string("\0\0\0\x0a\x0d\0\0\0\x01\0\0\0\x01x", 14));
}

TEST(SftpWire, a_field_that_is_cut_off_is_refused_wherever_it_is_cut) {
  SftpReplies replies;
  replies.put_attributes(full);
  replies.put_text("text");
  const std::string_view whole = replies.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SftpFields fields(whole.substr(0, size));
    EXPECT_THROW(
        {
          fields.attributes();
          fields.text();
        },
        Error)
        << size;
  }
}

TEST(SftpWire, a_count_of_extensions_that_lies_finds_the_end_of_the_packet) {
  SftpReplies replies;
  replies.put_number(0x80000000);
  replies.put_number(0xffffffff);
  replies.put_text("name");
  replies.put_text("value");
  EXPECT_THROW(SftpFields(replies.bytes()).attributes(), Error);
}

TEST(SftpWire, a_path_with_a_zero_byte_is_refused) {
  SftpReplies replies;
  replies.put_text(std::string_view("a\0b", 3));
  EXPECT_THROW(SftpFields(replies.bytes()).path(), Error);
}

TEST(SftpWire, data_is_put_in_place_and_nothing_of_it_stays_at_a_fault) {
  SftpReplies replies;
  replies.put_text("before");
  const std::string before = replies.bytes();
  EXPECT_EQ(replies.put_data(5, 1000, [](char*) { return -1; }), -1);
  EXPECT_EQ(replies.put_data(5, 1000, [](char*) { return 0; }), 0);
  EXPECT_EQ(replies.bytes(), before);
  EXPECT_EQ(replies.put_data(5, 1000, [](char* into) { return std::copy_n("abc", 3, into) - into; }), 3);
  SftpFields fields(std::string_view(replies.bytes()).substr(before.size()));
  EXPECT_EQ(fields.number(), 12U);
  EXPECT_EQ(fields.byte(), 103);
  EXPECT_EQ(fields.number(), 5U);
  EXPECT_EQ(fields.text(), "abc");
  EXPECT_TRUE(fields.empty());
}

TEST(SftpInput, cuts_packets_however_they_arrive) {
  std::string all;
  std::vector<std::string> expected;
  for (const std::size_t size : {0UL, 1UL, 100'000UL, 7UL, 262'000UL, 262'000UL, 262'000UL, 3UL}) {
    const std::string packet = packet_of(std::string(size, static_cast<char>('a' + expected.size())));
    expected.push_back(packet.substr(4));
    all += packet;
  }
  for (const std::size_t step : {1UL, 5UL, 4096UL, 65536UL, 300'000UL, 1'000'000UL}) {
    SftpInput input;
    std::string_view rest = all;
    std::size_t found = 0;
    while (!rest.empty()) {
      const auto space = input.space();
      ASSERT_FALSE(space.empty());
      const std::size_t count = std::min({space.size(), rest.size(), step});
      std::copy_n(rest.data(), count, space.data());
      input.received(count);
      rest.remove_prefix(count);
      while (const auto packet = input.next()) {
        ASSERT_LT(found, expected.size());
        EXPECT_TRUE(*packet == expected[found++]) << step;
      }
    }
    EXPECT_EQ(found, expected.size()) << step;
    EXPECT_FALSE(input.is_amid_packet());
  }
}

TEST(SftpInput, refuses_a_length_no_packet_has) {
  EXPECT_TRUE(is_refused(std::string_view("\0\0\0\0", 4)));
  EXPECT_TRUE(is_refused(std::string_view("\0\0\0\x04", 4)));
  EXPECT_TRUE(is_refused(std::string_view("\0\x04\0\x01", 4)));
  EXPECT_TRUE(is_refused("\xff\xff\xff\xff"));
  EXPECT_FALSE(is_refused(std::string_view("\0\x04\0\0", 4)));
  EXPECT_FALSE(is_refused(std::string_view("\0\0\0\x05", 4)));
}

TEST(SftpInput, knows_that_a_packet_is_not_complete) {
  SftpInput input;
  EXPECT_FALSE(input.is_amid_packet());
  put(input, packet_of("x").substr(0, 6));
  EXPECT_FALSE(input.next());
  EXPECT_TRUE(input.is_amid_packet());
}

}  // namespace
}  // namespace berth::agent
