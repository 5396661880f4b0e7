// SPDX-License-Identifier: Apache-2.0
#include "core/verdict.h"

#include <gmock/gmock.h>

namespace berth::core {
namespace {

struct VerdictCase {
  const char* output;
  Verdict verdict;
  const char* reason;
};

TEST(JudgeTest, OnlyTheWordsOkAndNoAreVerdicts) {
  const VerdictCase cases[] = {
      {"OK", Verdict::solved, ""},
      {"OK\n", Verdict::solved, ""},
      {"OK all is well\n", Verdict::solved, "all is well"},
      {"NO\nport 80 is silent\nmore\n", Verdict::not_yet, "port 80 is silent"},
      {"NO\r\n", Verdict::not_yet, ""},
      {"NO \x1b[31mred\n", Verdict::not_yet, "?[31mred"},
      {"NO Gr\u00f6\u00dfe \u6570\n", Verdict::not_yet, "Gr\u00f6\u00dfe \u6570"},
      {"NO a\xE2\x80\xAE"
       "b\xC2\x9B\xFF\n",
       Verdict::not_yet, "a?b??"},
      {"OKAY\n", Verdict::fault, nullptr},
      {"NOT yet\n", Verdict::fault, nullptr},
      {" OK\n", Verdict::fault, nullptr},
      {"\nOK\n", Verdict::fault, nullptr},
      {"ok\n", Verdict::fault, nullptr},
      {"", Verdict::fault, nullptr},
  };
  for (const VerdictCase& each : cases) {
    const Judgement judgement = judge({.output = each.output}, LabCheck{});
    EXPECT_EQ(judgement.verdict, each.verdict) << each.output;
    if (each.reason != nullptr) {
      EXPECT_EQ(judgement.reason, each.reason) << each.output;
    }
  }
  EXPECT_EQ(judge({.end = wire::CheckEnd::timed_out, .output = "OK\n"}, LabCheck{}).verdict, Verdict::fault);
  EXPECT_EQ(judge({.end = wire::CheckEnd::killed, .code = 9, .output = "OK\n"}, LabCheck{}).verdict, Verdict::fault);
  EXPECT_EQ(judge({.output = "NO secret\n"}, LabCheck{.reveal = false}).reason, "");
}

}  // namespace
}  // namespace berth::core
