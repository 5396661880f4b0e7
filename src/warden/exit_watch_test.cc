// SPDX-License-Identifier: Apache-2.0
#include "warden/exit_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <optional>

#include "warden/spawn.h"

namespace berth::warden {
namespace {

class Ends {
 public:
  void add(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    ++counts_[number];
    changed_.notify_all();
  }
  bool wait_for(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return counts_.contains(number); });
  }
  int count(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    return counts_[number];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, int> counts_;
};

TEST(ExitWatch, TellsAnEndOnceThoughOthersHoldTheSameDescriptor) {
  Ends ends;
  ExitWatch watch([&](std::uint64_t number) { ends.add(number); });
  const Child first({.command = {"true"}});
  std::optional<Child> second(std::in_place, Program{.command = {"sleep", "1000"}});
  watch.add(1, first.pidfd());
  watch.add(2, second->pidfd());
  ASSERT_TRUE(ends.wait_for(1));
  second->kill();
  ASSERT_TRUE(ends.wait_for(2));
  EXPECT_EQ(ends.count(1), 1);
}

}  // namespace
}  // namespace berth::warden
