// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/progress.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

TEST(Table, columns_are_aligned_and_lines_end_without_spaces) {
  Table table({"ID", "NAME", "SIZE"});
  table.align_right({2});
  table.add({"a1", "long-name", "5 B"});
  table.add({"b22", "", "512 MiB"});
  EXPECT_EQ(table.text(),
            "ID   NAME          SIZE\n"
            "a1   long-name      5 B\n"
            "b22  -          512 MiB\n");
}

TEST(Table, a_letter_of_two_bytes_takes_one_column) {
  Table table({"NAME", "X"});
  table.add({"Bär", "1"});
  table.add({"Baer", "2"});
  EXPECT_EQ(table.text(), "NAME  X\nBär   1\nBaer  2\n");
}

TEST(Table, nothing_from_outside_steers_the_terminal) {
  Table table({"NAME"});
  table.add(
      {"\x1b[2J\nx\xc2\x9b"
       "5m"});
  EXPECT_EQ(table.text(), "NAME\n?[2J?x?5m\n");
  EXPECT_EQ(field_lines({{"Name", "a\rb"}, {"Reason", ""}}), "Name    a?b\nReason  -\n");
}

TEST(Text, times_are_told_in_one_unit) {
  const TimePoint now = parse_time("2026-01-31T12:00:00Z");
  EXPECT_EQ(relative_time(now + Seconds{24 * 60 + 59}, now), "in 24m");
  EXPECT_EQ(relative_time(now - Seconds{3}, now), "3s ago");
  EXPECT_EQ(relative_time(now + Seconds{2 * 86400}, now), "in 2d");
  EXPECT_EQ(relative_time(now + Milliseconds{400}, now), "now");
}

TEST(Text, sizes_have_at_most_one_digit_after_the_point) {
  EXPECT_EQ(rough_size(0), "0 B");
  EXPECT_EQ(rough_size(1023), "1023 B");
  EXPECT_EQ(rough_size(1536), "1.5 KiB");
  EXPECT_EQ(rough_size(512ULL << 20), "512 MiB");
  EXPECT_EQ(rough_size((190ULL << 20) + 500'000), "190 MiB");
}

TEST(Progress, a_line_fits_its_terminal) {
  EXPECT_EQ(progress_line("copying", 0.5, "1 MiB", 60), "copying  [###############---------------]  50 %  1 MiB");
  EXPECT_EQ(progress_line("copying", std::nullopt, "1 MiB", 60), "copying  1 MiB");
  for (std::size_t width = 1; width < 80; ++width) {
    EXPECT_LE(text_width(progress_line("a long label", 2.0, "12 MiB  3 MiB/s", width)), width);
  }
}

}  // namespace
}  // namespace berth::cli
