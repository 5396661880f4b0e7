// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Target, is_decoded_once) {
  const Target target = parse_target("/a%20b/%C3%A9/%252e?q=a+b%2B&empty=&bare&&q=2&path=/x/../y");
  EXPECT_EQ(target.path, "/a b/é/%2e");
  EXPECT_THAT(target.queries, ElementsAre(Pair("q", "a b+"), Pair("empty", ""), Pair("bare", ""), Pair("q", "2"),
                                          Pair("path", "/x/../y")));
}

TEST(Target, leaves_an_absolute_form_its_path) {
  EXPECT_EQ(parse_target("http://host:80/a?b").path, "/a");
  EXPECT_EQ(parse_target("HTTPS://host?b=c").path, "/");
  EXPECT_THAT(parse_target("HTTPS://host?b=c").queries, ElementsAre(Pair("b", "c")));
}

TEST(Target, keeps_plus_and_dots_in_names) {
  EXPECT_EQ(parse_target("/a+b/...").path, "/a+b/...");
  EXPECT_EQ(parse_target("//a//").path, "//a//");
}

TEST(Cookie, is_found_by_its_whole_name) {
  const std::string_view header = "xberth=1;berth=2; berthx=3; quoted=\"a=b\"; berth=4;;=5;lonely";
  EXPECT_EQ(find_cookie(header, "berth"), "2");
  EXPECT_EQ(find_cookie(header, "quoted"), "a=b");
  EXPECT_EQ(find_cookie(header, "Berth"), std::nullopt);
  EXPECT_EQ(find_cookie(header, "lonely"), std::nullopt);
  EXPECT_EQ(find_cookie("", "berth"), std::nullopt);
}

TEST(Utf8, has_one_form_for_each_character) {
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"));
  for (const std::string_view bad : {"\x80", "\xc1\x81", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xe2\x82", "\xff", "\xc3\x28"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace berth::http
