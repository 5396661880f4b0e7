// SPDX-License-Identifier: Apache-2.0
#include "agent/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr const char* passwd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "broken line\n"
    "huge:x:4294967295:0::/:/bin/sh\n"
    "negative:x:-1:0::/:/bin/sh\n"
    "alice:x:1000:1001:Alice,,,:/home/alice:/bin/zsh\n"
    "1000:x:2000:2000::/home/number:/bin/sh\n"
    "bare:x:3000:3000::relative:";
constexpr const char* group =
    "root:x:0:\n"
    "sudo:x:27:bob,alice\n"
    "docker:x:999:alicia\n"
    "alice:x:1001:\n"
    "audio:x:29:alice";

TEST(Users, nobody_named_is_root_with_the_home_and_shell_of_the_image) {
  const User user = find_user("", passwd, group);
  EXPECT_EQ(user.uid, 0U);
  EXPECT_EQ(user.home, "/root");
  EXPECT_EQ(user.shell, "/bin/bash");
}

TEST(Users, a_name_brings_its_groups) {
  const User user = find_user("alice", passwd, group);
  EXPECT_EQ(user.uid, 1000U);
  EXPECT_EQ(user.gid, 1001U);
  EXPECT_EQ(user.home, "/home/alice");
  EXPECT_THAT(user.groups, testing::ElementsAre(1001U, 27U, 29U));
}

TEST(Users, a_number_finds_its_entry_and_a_name_that_looks_like_one_goes_first) {
  EXPECT_EQ(find_user("3000", passwd, group).name, "bare");
  EXPECT_EQ(find_user("1000", passwd, group).uid, 2000U);
}

TEST(Users, a_number_without_an_entry_is_that_user_in_group_0) {
  const User user = find_user("4711", passwd, group);
  EXPECT_EQ(user.uid, 4711U);
  EXPECT_EQ(user.gid, 0U);
  EXPECT_EQ(user.home, "/");
  EXPECT_EQ(user.shell, "/bin/sh");
}

TEST(Users, a_group_after_a_colon_replaces_the_users_own) {
  EXPECT_EQ(find_user("alice:docker", passwd, group).gid, 999U);
  EXPECT_EQ(find_user("4711:4712", passwd, group).gid, 4712U);
  EXPECT_THROW(find_user("alice:nobody", passwd, group), Error);
}

TEST(Users, what_is_unknown_or_no_id_is_not_found) {
  for (const char* name : {"bob", "huge", "negative", "4294967295", "-1", "99999999999", "broken line", "0x10"}) {
    try {
      find_user(name, passwd, group);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::not_found) << name;
    }
  }
}

TEST(Users, an_image_without_the_files_has_root) {
  const User user = find_user("root", "", "");
  EXPECT_EQ(user.uid, 0U);
  EXPECT_EQ(user.home, "/");
  EXPECT_EQ(user.shell, "/bin/sh");
}

TEST(Users, numbers_have_the_name_of_their_first_entry) {
  EXPECT_EQ(find_name(1000, "broken\nzoe:x:10\nalice:x:1000:7::/:\nother:x:1000:7::/:\n"), "alice");
  EXPECT_EQ(find_name(10, "broken\nzoe:x:10"), "zoe");
  EXPECT_EQ(find_name(7, "alice:x:1000:7::/:\n"), "");
  EXPECT_EQ(find_name(7, ""), "");
}

TEST(Users, faulty_homes_and_shells_fall_back) {
  const User user = find_user("bare", passwd, group);
  EXPECT_EQ(user.home, "/");
  EXPECT_EQ(user.shell, "/bin/sh");
}

}  // namespace
}  // namespace berth::agent
