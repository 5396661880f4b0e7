// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::InstanceActivity;
using wire::Operation;

std::string greeting(TestClient& client, const std::string& id) {
  client.call(Operation::agent, id);
  const Descriptor link = client.take_descriptor();
  char buffer[64];
  if (!wait_readable(link.get(), std::chrono::seconds(20))) {
    return "nothing";
  }
  const ssize_t got = ::recv(link.get(), buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "end";
}

TEST(Life, SaysHelloWithWhatItCanDo) {
  const TestWarden warden;
  TestClient client = warden.client();
  const auto able = read_json<wire::Capabilities>(client.ask({.operation = Operation::hello, .version = 1}));
  EXPECT_EQ(able.version, wire::warden_protocol_version);
  EXPECT_TRUE(able.runtime.starts_with("runc 1.")) << able.runtime;
  EXPECT_GT(able.most_instances, 1000U);
  EXPECT_NE(std::ranges::find(able.recipes, "busybox"), able.recipes.end());
  EXPECT_THROW(client.ask({.operation = Operation::hello, .version = 2}), Error);
}

TEST(Life, RunsAnInstanceWhoseAgentAnswers) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  EXPECT_GT(client.progress(), 0);
  client.create("one", small_spec());
  EXPECT_EQ(greeting(client, "one"), "hello");
  client.create("one", small_spec());  // may be repeated
  const std::vector<wire::InstanceStatus> listed = client.list();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id, "one");
  EXPECT_EQ(listed[0].image, "busybox");
  EXPECT_EQ(listed[0].activity, InstanceActivity::running);
  EXPECT_EQ(warden.in_instance("one", "hostname; cat /etc/hostname; tr '\\0' ' ' </proc/1/cmdline").output,
            "box\nbox\n/.berth/agent init --filter ");
}

TEST(Life, DestroysAnInstanceAndLeavesNothingOfIt) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  wire::InstanceSpec on_disk = small_spec();
  on_disk.disk_kind = wire::DiskKind::disk;
  client.create("two", on_disk);
  EXPECT_NE(leftovers(warden.name()), "");
  client.call(Operation::destroy, "one");
  client.call(Operation::destroy, "two");
  client.call(Operation::destroy, "two");
  client.call(Operation::destroy, "never-there");
  EXPECT_TRUE(client.list().empty());
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/instances"); }));
  EXPECT_TRUE(std::filesystem::is_empty(warden.folder() + "/run/runc"));
  EXPECT_TRUE(std::filesystem::is_empty(warden.folder() + "/run/agents"));
  EXPECT_TRUE(
      eventually([&] { return run_command({"losetup", "--all"}).output.find(warden.name()) == std::string::npos; }));
  EXPECT_EQ(run_command({"find", "/sys/fs/cgroup", "-path", "*/" + warden.name() + "/*", "-type", "d", "-not", "-name",
                         "_checks"})
                .output,
            "");
}

TEST(Life, MakesANewInstanceOfAnIdThatIsBeingDestroyed) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  for (int round = 0; round < 3; ++round) {
    client.create("one", small_spec());
    EXPECT_EQ(warden.in_instance("one", "test ! -e /root/mark && touch /root/mark").code, 0);
    client.call(Operation::destroy, "one");
  }
}

TEST(Life, KeepsADiskOverStopAndStart) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  for (const wire::DiskKind kind : {wire::DiskKind::memory, wire::DiskKind::disk}) {
    const std::string id(enum_name(kind));
    wire::InstanceSpec spec = small_spec();
    spec.disk_kind = kind;
    client.create(id, spec);
    EXPECT_EQ(warden.in_instance(id, "echo kept >/root/file").code, 0);
    client.call(Operation::stop, id);
    client.call(Operation::stop, id);
    EXPECT_EQ(client.status(id)->activity, InstanceActivity::stopped);
    EXPECT_GT(client.usage(id).disk.count, 0U);
    spec.memory = 128_MiB;  // limits may change, the disk may not
    client.create(id, spec);
    EXPECT_EQ(client.usage(id).memory_limit, 128_MiB);
    EXPECT_EQ(warden.in_instance(id, "cat /root/file").output, "kept\n");
    spec.disk = 64_MiB;
    EXPECT_THROW(client.create(id, spec), Error);
  }
}

TEST(Life, PausesAndResumesAnInstance) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.call(Operation::pause, "one");
  client.call(Operation::pause, "one");
  EXPECT_EQ(client.status("one")->activity, InstanceActivity::paused);
  client.call(Operation::resume, "one");
  EXPECT_EQ(client.status("one")->activity, InstanceActivity::running);
  EXPECT_EQ(greeting(client, "one"), "hello");
  client.call(Operation::pause, "one");
  client.call(Operation::stop, "one");
  EXPECT_EQ(client.status("one")->activity, InstanceActivity::stopped);
  EXPECT_THROW(client.call(Operation::pause, "one"), Error);
}

TEST(Life, TellsWatchersOfEveryEnd) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  TestClient watcher = warden.client();
  watcher.ask({.operation = Operation::watch});
  // Its PID 1 cannot be killed from inside; the host can.
  const std::string pid = read_file(warden.folder() + "/data/instances/one/pid");
  run_command({"kill", "-9", pid});
  const wire::InstanceStatus ended = watcher.next_exit();
  EXPECT_EQ(ended.id, "one");
  EXPECT_EQ(ended.activity, InstanceActivity::stopped);
  EXPECT_FALSE(ended.out_of_memory);
  client.create("one", small_spec());
  client.call(Operation::stop, "one");
  EXPECT_EQ(watcher.next_exit().id, "one");
}

TEST(Life, ConnectsToAPortInside) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  EXPECT_EQ(warden.in_instance("one", "nc -l -p 7000 -e echo inside >/dev/null 2>&1 &").code, 0);
  EXPECT_TRUE(eventually([&] {
    try {
      client.ask({.operation = Operation::connect, .id = "one", .port = 7000});
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      return false;
    }
  }));
  const Descriptor connection = client.take_descriptor();
  char buffer[16] = {};
  EXPECT_EQ(::recv(connection.get(), buffer, sizeof buffer, MSG_WAITALL), 7);
  EXPECT_STREQ(buffer, "inside\n");
}

#ifdef BERTH_REAL_AGENT
TEST(Life, StartsTheRealAgent) {
  const TestWarden warden({}, BERTH_REAL_AGENT);
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.call(Operation::agent, "one");
  const Descriptor link = client.take_descriptor();
  const std::string hello = std::string("\x01", 1) + std::string(15, '\0') + R"({"version":1})";
  ASSERT_EQ(::send(link.get(), hello.data(), hello.size(), 0), static_cast<ssize_t>(hello.size()));
  ASSERT_TRUE(wait_readable(link.get(), std::chrono::seconds(20)));
  char buffer[4096];
  const ssize_t got = ::recv(link.get(), buffer, sizeof buffer, 0);
  EXPECT_NE(std::string(buffer, static_cast<std::size_t>(got)).find("\"sessions\":[]"), std::string::npos);
}
#endif

}  // namespace
}  // namespace berth::warden
