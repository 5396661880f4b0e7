// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/escape.h"
#include "cli/input_window.h"
#include "cli/output_position.h"

namespace berth::cli {
namespace {

TEST(OutputPosition, a_connection_goes_on_where_the_last_one_ended) {
  OutputPosition position;
  EXPECT_EQ(position.attached(0), 0U);
  EXPECT_EQ(position.arrived("hello"), "hello");
  EXPECT_EQ(position.received(), 5U);
  EXPECT_EQ(position.attached(5), 0U);
  EXPECT_EQ(position.arrived(" world"), " world");
  EXPECT_EQ(position.received(), 11U);
}

TEST(OutputPosition, what_is_sent_again_is_not_shown_again) {
  OutputPosition position;
  position.attached(0);
  position.arrived("hello");
  EXPECT_EQ(position.attached(2), 0U);
  EXPECT_EQ(position.arrived("l"), "");
  EXPECT_EQ(position.arrived("lo world"), " world");
  EXPECT_EQ(position.received(), 11U);
}

TEST(OutputPosition, what_is_no_longer_kept_counts_as_lost) {
  OutputPosition position;
  position.attached(0);
  position.arrived("hello");
  EXPECT_EQ(position.attached(100), 95U);
  EXPECT_EQ(position.received(), 100U);
  EXPECT_FALSE(position.all_written());
  position.wrote(5);
  EXPECT_TRUE(position.all_written());
  EXPECT_EQ(position.acknowledge(), 100U);
}

TEST(OutputPosition, only_what_was_written_is_acknowledged_and_often_enough) {
  OutputPosition position;
  position.attached(0);
  position.arrived(std::string(100'000, 'x'));
  EXPECT_FALSE(position.wrote(OutputPosition::acknowledge_every - 1));
  EXPECT_EQ(position.wrote(1), OutputPosition::acknowledge_every);
  EXPECT_FALSE(position.wrote(1));
  EXPECT_FALSE(position.all_written());
}

std::string sent(InputWindow& window) {
  std::string all;
  for (std::string part = window.next(); !part.empty(); part = window.next()) {
    EXPECT_LE(part.size(), InputWindow::longest_message);
    all += part;
  }
  return all;
}

TEST(InputWindow, no_more_is_on_its_way_than_allowed) {
  InputWindow window(true);
  ASSERT_TRUE(window.attached(0));
  window.push(std::string(InputWindow::limit + 10, 'x'));
  EXPECT_EQ(sent(window).size(), InputWindow::limit);
  EXPECT_FALSE(window.all_sent());
  window.taken(4);
  EXPECT_EQ(sent(window).size(), 4U);
  window.taken(InputWindow::limit);
  EXPECT_EQ(sent(window).size(), 6U);
  EXPECT_TRUE(window.all_sent());
}

TEST(InputWindow, after_a_break_the_rest_is_sent_once) {
  InputWindow window(true);
  ASSERT_TRUE(window.attached(0));
  window.push("abcdef");
  EXPECT_EQ(sent(window), "abcdef");
  window.taken(2);
  ASSERT_TRUE(window.attached(4));
  EXPECT_EQ(sent(window), "ef");
  window.push("gh");
  EXPECT_EQ(sent(window), "gh");
}

TEST(InputWindow, a_count_that_cannot_be_ours_is_noticed) {
  InputWindow window(true);
  ASSERT_TRUE(window.attached(10));
  window.push("abc");
  EXPECT_EQ(sent(window), "abc");
  EXPECT_FALSE(window.attached(9));
  EXPECT_FALSE(window.attached(14));
  EXPECT_TRUE(window.attached(13));
}

TEST(InputWindow, beside_other_writers_nothing_is_sent_twice) {
  InputWindow window(false);
  ASSERT_TRUE(window.attached(0));
  window.push("abc");
  EXPECT_EQ(sent(window), "abc");
  window.taken(50);
  window.push("d");
  EXPECT_EQ(sent(window), "d");
  ASSERT_TRUE(window.attached(70));
  EXPECT_EQ(sent(window), "");
}

std::string typed(EscapeDetector& detector, std::string_view keys) {
  const auto found = detector.take(keys);
  return found.input + (found.detach ? "<detach>" : "") + (found.help ? "<help>" : "");
}

TEST(Escape, a_tilde_and_a_point_at_the_start_of_a_line_detach) {
  EscapeDetector detector;
  EXPECT_EQ(typed(detector, "~."), "<detach>");
  EscapeDetector later;
  EXPECT_EQ(typed(later, "ls\r~."), "ls\r<detach>");
  EscapeDetector slowly;
  EXPECT_EQ(typed(slowly, "ls\r"), "ls\r");
  EXPECT_EQ(typed(slowly, "~"), "");
  EXPECT_EQ(typed(slowly, "."), "<detach>");
}

TEST(Escape, elsewhere_a_tilde_is_a_tilde) {
  EscapeDetector detector;
  EXPECT_EQ(typed(detector, "cd ~.\rx~."), "cd ~.\rx~.");
}

TEST(Escape, what_the_terminal_reports_is_not_typed) {
  EscapeDetector detector;
  EXPECT_EQ(typed(detector, "ls\r\x1b[25;17R"), "ls\r\x1b[25;17R");
  EXPECT_EQ(typed(detector, "~."), "<detach>");
  EscapeDetector split;
  EXPECT_EQ(typed(split, "\x1b"), "\x1b");
  EXPECT_EQ(typed(split, "[?1"), "[?1");
  EXPECT_EQ(typed(split, "c~."), "c<detach>");
  EscapeDetector arrow;
  EXPECT_EQ(typed(arrow, "\x1b[A~."), "\x1b[A~.");
  EscapeDetector alt;
  EXPECT_EQ(typed(alt, "\x1bx~."), "\x1bx~.");
}

TEST(Escape, two_tildes_send_one_and_anything_else_both) {
  EscapeDetector detector;
  EXPECT_EQ(typed(detector, "~~."), "~.");
  EXPECT_EQ(typed(detector, "\r~/bin\r"), "\r~/bin\r");
  EXPECT_EQ(typed(detector, "~?~."), "<detach><help>");  // help leaves us at the start of the line
  EscapeDetector twice;
  EXPECT_EQ(typed(twice, "~\r~."), "~\r<detach>");
}

}  // namespace
}  // namespace berth::cli
