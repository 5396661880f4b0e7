// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/texts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "doors/ssh/destination.h"

namespace berth::doors::ssh {
namespace {

TEST(TimeLeft, is_told_in_one_unit) {
  EXPECT_EQ(about(Seconds{1}), "1 second");
  EXPECT_EQ(about(Seconds{-5}), "0 seconds");
  EXPECT_EQ(about(Seconds{3599}), "59 minutes");
  EXPECT_EQ(about(Seconds{7200}), "2 hours");
  EXPECT_EQ(about(Seconds{3 * 86'400}), "3 days");
}

TEST(AttachCommand, is_the_word_and_perhaps_an_id) {
  EXPECT_EQ(attach_command("attach"), "");
  EXPECT_EQ(attach_command("attach " + session_text(0x2a)), "0000002a");
  for (const char* other :
       {"", "attach2", "attach 2", "attach 0000002A", "attach me", "attach 2; reboot", "detach", "./attach"}) {
    EXPECT_FALSE(attach_command(other)) << other;
  }
}

TEST(Target, may_name_a_plan) {
  EXPECT_EQ(parse_target("busybox").name, "busybox");
  EXPECT_FALSE(parse_target("busybox").plan);
  EXPECT_EQ(parse_target("small+busybox").plan, "small");
  EXPECT_EQ(parse_target("small+busybox").name, "busybox");
  EXPECT_THROW(parse_target(""), Error);
  EXPECT_THROW(parse_target(std::string(300, 'a')), Error);
}

TEST(LeaseWarningTest, comes_five_minutes_and_one_minute_before_the_end) {
  LeaseWarning warning;
  const TimePoint now{};
  const TimePoint end = now + Seconds{400};
  EXPECT_FALSE(warning.due(end, now));
  EXPECT_EQ(warning.pause(now), Seconds{60});
  EXPECT_EQ(warning.pause(now + Seconds{90}), Seconds{10});
  EXPECT_EQ(warning.due(end, now + Seconds{100}), Seconds{300});
  EXPECT_FALSE(warning.due(end, now + Seconds{101}));
  EXPECT_EQ(warning.due(end, now + Seconds{341}), Seconds{59});
  EXPECT_FALSE(warning.due(end, now + Seconds{399}));
}

TEST(LeaseWarningTest, begins_anew_when_the_end_moves) {
  LeaseWarning warning;
  const TimePoint now{};
  EXPECT_FALSE(warning.due(now + Seconds{50}, now));  // the greeting said so
  EXPECT_FALSE(warning.due(now + Seconds{500}, now));
  EXPECT_EQ(warning.due(now + Seconds{500}, now + Seconds{200}), Seconds{300});
}

}  // namespace
}  // namespace berth::doors::ssh
