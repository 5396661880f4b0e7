// SPDX-License-Identifier: Apache-2.0
#include "agent/output_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace berth::agent {
namespace {

using wire::Stream;

std::string read_all(const OutputBuffer& buffer, std::uint64_t from) {
  std::string all;
  while (from < buffer.end()) {
    const auto piece = buffer.at(from);
    EXPECT_FALSE(piece.bytes.empty());
    EXPECT_LE(piece.bytes.size(), wire::max_payload);
    all += piece.bytes;
    from += piece.bytes.size();
  }
  return all;
}

std::string numbered(std::size_t count) {
  std::string text;
  while (text.size() < count) {
    text += std::to_string(text.size()) + "\n";
  }
  text.resize(count);
  return text;
}

TEST(OutputBuffer, gives_back_what_was_appended_with_its_streams) {
  OutputBuffer buffer;
  buffer.append(Stream::standard_output, "one");
  buffer.append(Stream::standard_output, "two");
  buffer.append(Stream::standard_error, "three");
  EXPECT_EQ(buffer.at(0).bytes, "onetwo");
  EXPECT_EQ(buffer.at(4).bytes, "wo");
  EXPECT_EQ(buffer.at(4).stream, Stream::standard_output);
  EXPECT_EQ(buffer.at(6).bytes, "three");
  EXPECT_EQ(buffer.at(6).stream, Stream::standard_error);
  EXPECT_TRUE(buffer.at(11).bytes.empty());
}

TEST(OutputBuffer, has_no_room_beyond_the_window_until_an_acknowledgement) {
  OutputBuffer buffer;
  const std::string text = numbered(wire::output_window);
  EXPECT_EQ(buffer.room(), wire::output_window);
  buffer.append(Stream::standard_output, text);
  EXPECT_EQ(buffer.room(), 0U);
  EXPECT_EQ(read_all(buffer, 0), text);
  buffer.acknowledge(1000);
  EXPECT_EQ(buffer.room(), 1000U);
}

TEST(OutputBuffer, keeps_the_last_window_though_acknowledged_and_not_much_more) {
  OutputBuffer buffer;
  const std::string text = numbered(10 * wire::scrollback_window);
  for (std::size_t at = 0; at < text.size(); at += 5000) {
    buffer.append(Stream::standard_output, std::string_view(text).substr(at, 5000));
    buffer.acknowledge(buffer.end());
  }
  EXPECT_LE(buffer.retained_from(), buffer.end() - wire::scrollback_window);
  EXPECT_GE(buffer.retained_from(), buffer.end() - wire::scrollback_window - wire::max_payload);
  EXPECT_EQ(read_all(buffer, buffer.retained_from()), text.substr(buffer.retained_from()));
}

TEST(OutputBuffer, keeps_all_that_was_not_acknowledged) {
  OutputBuffer buffer;
  const std::string text = numbered(wire::output_window);
  buffer.append(Stream::standard_output, text);
  buffer.acknowledge(100);
  buffer.append(Stream::standard_output, text.substr(0, 100));
  EXPECT_LE(buffer.retained_from(), 100U);
  EXPECT_EQ(read_all(buffer, 100), text.substr(100) + text.substr(0, 100));
}

TEST(OutputBuffer, bounds_the_number_of_pieces_of_a_program_that_alternates_its_streams) {
  OutputBuffer buffer;
  std::size_t appended = 0;
  while (buffer.room() > 0) {
    buffer.append(appended % 2 == 0 ? Stream::standard_output : Stream::standard_error, "x");
    ++appended;
  }
  EXPECT_LT(appended, 10'000U);
  EXPECT_EQ(read_all(buffer, 0).size(), appended);
  buffer.acknowledge(buffer.end());
  EXPECT_GT(buffer.room(), 0U);
}

TEST(OutputBuffer, refuses_an_acknowledgement_of_what_never_was) {
  OutputBuffer buffer;
  buffer.append(Stream::standard_output, "abc");
  EXPECT_THROW(buffer.acknowledge(4), Error);
  buffer.acknowledge(3);
  buffer.acknowledge(1);  // an old one changes nothing
  EXPECT_EQ(buffer.room(), wire::output_window);
}

}  // namespace
}  // namespace berth::agent
