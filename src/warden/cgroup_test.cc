// SPDX-License-Identifier: Apache-2.0
#include "warden/cgroup.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/ids.h"

namespace berth::warden {
namespace {

// A folder that looks like /sys/fs/cgroup, with what the kernel says of the instance "one" of "berth".
class Cgroup : public ::testing::Test {
 protected:
  Cgroup() : top_("/tmp/berth-cgroup-" + random_name(8)) { std::filesystem::create_directories(top_); }
  ~Cgroup() override { remove_tree(top_); }

  void put(const path& file, const std::string& text) const {
    std::filesystem::create_directories((top_ / file).parent_path());
    std::ofstream(top_ / file) << text;
  }

  const path top_;
};

TEST_F(Cgroup, ReadsVersion1) {
  put("memory/berth/one/memory.usage_in_bytes", "1000000\n");
  put("memory/berth/one/memory.stat", "cache 5\ninactive_file 1\ntotal_inactive_file 300000\n");
  put("memory/berth/one/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  put("cpuacct/berth/one/cpuacct.usage", "5000000\n");
  put("pids/berth/one/pids.current", "7\n");
  put("freezer/berth/one/freezer.state", "FROZEN\n");
  const Cgroups groups("berth", top_);
  const CgroupUsage usage = groups.usage("one");
  EXPECT_EQ(usage.memory, 700'000U);
  EXPECT_EQ(usage.cpu_microseconds, 5000U);
  EXPECT_EQ(usage.processes, 7U);
  EXPECT_EQ(usage.out_of_memory_kills, 2U);
  EXPECT_TRUE(groups.is_frozen("one"));
  EXPECT_FALSE(groups.is_frozen("two"));
  EXPECT_FALSE(groups.limits_swap());
  put("memory/memory.memsw.limit_in_bytes", "");
  EXPECT_TRUE(groups.limits_swap());
}

TEST_F(Cgroup, ReadsVersion2) {
  put("cgroup.controllers", "cpu memory pids\n");
  put("berth/one/memory.current", "1000000\n");
  put("berth/one/memory.stat", "anon 5\ninactive_file 300000\n");
  put("berth/one/memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n");
  put("berth/one/cpu.stat", "usage_usec 5000\nuser_usec 1\n");
  put("berth/one/pids.current", "7\n");
  put("berth/one/cgroup.freeze", "1\n");
  const Cgroups groups("berth", top_);
  const CgroupUsage usage = groups.usage("one");
  EXPECT_EQ(usage.memory, 700'000U);
  EXPECT_EQ(usage.cpu_microseconds, 5000U);
  EXPECT_EQ(usage.processes, 7U);
  EXPECT_EQ(usage.out_of_memory_kills, 2U);
  EXPECT_TRUE(groups.is_frozen("one"));
  put("berth/one/cgroup.freeze", "0\n");
  EXPECT_FALSE(groups.is_frozen("one"));
  EXPECT_TRUE(groups.limits_swap());
}

TEST_F(Cgroup, CountsNothingForWhatIsGone) {
  const Cgroups groups("berth", top_);
  EXPECT_EQ(groups.usage("one").memory, 0U);
  EXPECT_EQ(groups.out_of_memory_kills("one"), 0U);
  EXPECT_FALSE(groups.is_frozen("one"));
}

TEST_F(Cgroup, RemovesOnlyItsOwnSubtree) {
  for (const char* folder : {"memory/berth/one/inner", "memory/berth/two", "memory/other/one", "pids/berth/one"}) {
    std::filesystem::create_directories(top_ / folder);
  }
  const Cgroups groups("berth", top_);
  groups.remove("one");
  EXPECT_FALSE(std::filesystem::exists(top_ / "memory/berth/one"));
  EXPECT_FALSE(std::filesystem::exists(top_ / "pids/berth/one"));
  EXPECT_TRUE(std::filesystem::exists(top_ / "memory/berth/two"));
  groups.remove_all();
  EXPECT_FALSE(std::filesystem::exists(top_ / "memory/berth"));
  EXPECT_TRUE(std::filesystem::exists(top_ / "memory/other/one"));
}

TEST(KeyedNumber, IsThatOfTheWholeKey) {
  const std::string text = "low 1\noom 2\noom_kill 3\noom_kill_group 4";
  EXPECT_EQ(keyed_number(text, "oom_kill"), 3U);
  EXPECT_EQ(keyed_number(text, "oom"), 2U);
  EXPECT_EQ(keyed_number(text, "oom_kill_group"), 4U);
  EXPECT_EQ(keyed_number(text, "high"), 0U);
  EXPECT_EQ(keyed_number("", "low"), 0U);
}

}  // namespace
}  // namespace berth::warden
