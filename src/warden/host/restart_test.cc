// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::InstanceActivity;
using wire::Operation;

TEST(Restart, AdoptsWhatRanWhenItWasKilled) {
  TestWarden warden;
  {
    TestClient client = warden.client_with_image();
    client.create("runs", small_spec());
    client.create("paused", small_spec());
    client.call(Operation::pause, "paused");
    client.create("stopped", small_spec());
    EXPECT_EQ(warden.in_instance("stopped", "echo kept >/root/file").code, 0);
    client.call(Operation::stop, "stopped");
    client.create("dies", small_spec());
  }
  const std::string before = warden.in_instance("runs", "cut -d' ' -f22 /proc/1/stat").output;
  warden.kill();
  run_command({"kill", "-9", read_file(warden.folder() + "/data/instances/dies/pid")});
  warden.start();
  TestClient client = warden.client();
  EXPECT_EQ(client.status("runs")->activity, InstanceActivity::running);
  EXPECT_EQ(client.status("paused")->activity, InstanceActivity::paused);
  EXPECT_EQ(client.status("stopped")->activity, InstanceActivity::stopped);
  EXPECT_TRUE(eventually([&] { return client.status("dies")->activity == InstanceActivity::stopped; }));
  EXPECT_EQ(warden.in_instance("runs", "cut -d' ' -f22 /proc/1/stat").output, before);
  client.create("stopped", small_spec());
  EXPECT_EQ(warden.in_instance("stopped", "cat /root/file").output, "kept\n");
  TestClient watcher = warden.client();
  watcher.ask({.operation = Operation::watch});
  client.call(Operation::stop, "runs");
  EXPECT_EQ(watcher.next_exit().id, "runs");
  client.call(Operation::resume, "paused");
  client.call(Operation::agent, "paused");
}

TEST(Restart, LeavesInstancesRunningWhenItIsStopped) {
  TestWarden warden;
  warden.client_with_image().create("one", small_spec());
  EXPECT_EQ(warden.stop(), 0);
  EXPECT_EQ(warden.in_instance("one", "echo alive").output, "alive\n");
  warden.start();
  EXPECT_EQ(warden.client().status("one")->activity, InstanceActivity::running);
}

// Kills it at many moments of a creation; whatever it left must be usable or gone.
TEST(Restart, CleansUpWhatWasHalfMade) {
  TestWarden warden;
  warden.client_with_image();
  for (int microseconds = 500; microseconds < 120'000; microseconds = microseconds * 2) {
    {
      TestClient client = warden.client();
      const std::string create =
          print_json(to_json(wire::Request{.operation = Operation::create, .id = "one", .spec = small_spec()}));
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
      client.send(create);
      while (std::chrono::steady_clock::now() < deadline) {
      }
    }
    warden.kill();
    warden.start();
    TestClient client = warden.client();
    client.create("one", small_spec());
    client.call(Operation::agent, "one");
    client.call(Operation::destroy, "one");
  }
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/instances"); }));
}

TEST(Restart, TreatsADiskAsStoppedAfterAReboot) {
  TestWarden warden;
  wire::InstanceSpec on_disk = small_spec();
  on_disk.disk_kind = wire::DiskKind::disk;
  {
    TestClient client = warden.client_with_image();
    client.create("disk", on_disk);
    client.create("memory", small_spec());
    for (const char* id : {"disk", "memory"}) {
      EXPECT_EQ(warden.in_instance(id, "echo kept >/root/file; sync").code, 0);
      client.call(Operation::stop, id);
    }
  }
  // What a reboot takes: the process, its mounts and everything below the run folder.
  warden.kill();
  run_command({"umount", warden.folder() + "/run/keep/mounts"});
  run_command({"umount", warden.folder() + "/run/keep"});
  remove_tree(warden.folder() + "/run");
  warden.start();
  TestClient client = warden.client();
  client.create("disk", on_disk);
  client.create("memory", small_spec());
  EXPECT_EQ(warden.in_instance("disk", "cat /root/file").output, "kept\n");
  EXPECT_NE(warden.in_instance("memory", "cat /root/file").code, 0);
}

TEST(Restart, KeepsAnInstancesUidsWhenTheRangeIsMoved) {
  TestWarden warden;
  warden.client_with_image().create("one", small_spec());
  const std::string before = warden.in_instance("one", "cat /proc/self/uid_map").output;
  warden.client().call(Operation::stop, "one");
  warden.kill();
  warden.start({"--first-uid", "655360000"});
  TestClient client = warden.client();
  client.create("one", small_spec());
  EXPECT_EQ(warden.in_instance("one", "cat /proc/self/uid_map").output, before);
  client.create("two", small_spec());
  EXPECT_NE(warden.in_instance("two", "cat /proc/self/uid_map").output.find(" 65"), std::string::npos);
}

// Namespaces made on one processor may have higher numbers than later ones of another (see mount_namespace.cc).
TEST(Restart, NeedsNotTheFirstMountNamespace) {
  if (std::thread::hardware_concurrency() < 2) {
    GTEST_SKIP() << "takes two processors";
  }
  for (const auto& [first, second] : {std::pair("0", "1"), std::pair("1", "0")}) {
    TestWarden warden({}, BERTH_STAND_IN_AGENT, {"taskset", "-c", first, "unshare", "-m", "taskset", "-c", second});
    EXPECT_TRUE(warden.client().list().empty());
  }
}

TEST(Restart, RefusesASecondWardenInOneRunFolder) {
  TestWarden warden;
  const Outcome second = warden.clean_up();
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.output.find("another berth-warden"), std::string::npos) << second.output;
}

}  // namespace
}  // namespace berth::warden
