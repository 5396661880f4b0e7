// SPDX-License-Identifier: Apache-2.0
#include "agent/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::agent {
namespace {

using testing::ElementsAre;

const User alice{.name = "alice", .uid = 1000, .gid = 1000, .home = "/home/alice", .shell = "/bin/zsh"};

TEST(ProgramEnvironment, is_the_images_then_the_users_then_what_was_asked_for) {
  const Environment image = {{"HOME", "/image"}, {"LANG", "C"}, {"PATH", "/opt"}};
  const Environment environment = program_environment(image, alice, {{"LANG", "de"}, {"SHELL", "/bin/x"}});
  EXPECT_EQ(environment.at("HOME"), "/home/alice");
  EXPECT_EQ(environment.at("USER"), "alice");
  EXPECT_EQ(environment.at("LANG"), "de");
  EXPECT_EQ(environment.at("SHELL"), "/bin/x");
  EXPECT_EQ(environment.at("PATH"), "/opt");
  EXPECT_THAT(program_environment({}, alice, {}).at("PATH"), testing::HasSubstr("/usr/bin:"));
}

TEST(Prepare, looks_for_a_bare_name_in_the_path_and_nowhere_for_any_other) {
  const auto candidates = [](const std::string& program, const std::string& path) {
    return prepare({program}, alice, {{"PATH", path}}, "").candidates;
  };
  EXPECT_THAT(candidates("ls", "/bin:/usr/bin"), ElementsAre("/bin/ls", "/usr/bin/ls"));
  EXPECT_THAT(candidates("ls", "/bin"), ElementsAre("/bin/ls"));
  EXPECT_THAT(candidates("ls", ":/bin:"), ElementsAre("./ls", "/bin/ls", "./ls"));  // an empty one is here, as in POSIX
  EXPECT_THAT(candidates("sub/ls", "/bin"), ElementsAre("sub/ls"));
}

TEST(Prepare, starts_in_the_home_if_that_can_be_and_elsewhere_only_if_told) {
  const Launch at_home = prepare({"ls"}, alice, {}, "");
  EXPECT_EQ(at_home.directory, "/home/alice");
  EXPECT_TRUE(at_home.directory_is_a_wish);
  const Launch told = prepare({"ls"}, alice, {}, "/srv");
  EXPECT_EQ(told.directory, "/srv");
  EXPECT_FALSE(told.directory_is_a_wish);
}

TEST(Prepare, refuses_what_the_kernel_would_cut_short) {
  const std::string cut("a\0b", 3);
  EXPECT_THROW(prepare({"ls", cut}, alice, {}, ""), Error);
  EXPECT_THROW(prepare({"ls"}, alice, {}, cut), Error);
  EXPECT_THROW(prepare({"ls"}, alice, {{"A", cut}}, ""), Error);
  EXPECT_THROW(program_environment({}, alice, {{"A=B", "x"}}), Error);
  EXPECT_THROW(program_environment({}, alice, {{"", "x"}}), Error);
}

}  // namespace
}  // namespace berth::agent
