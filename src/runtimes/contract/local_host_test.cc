// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>

#include "async/race.h"
#include "async/time_limit.h"
#include "runtimes/contract/conversation.h"
#include "runtimes/contract/test_host.h"
#include "runtimes/local/test_registry.h"

namespace berth::runtimes::contract {
namespace {

const InstanceId id{"host-one"};

// What only the local runtime can be tested for, on the shared host.
class LocalHost : public testing::Test {
 protected:
  void run(async::Task<> work) {
    std::exception_ptr fault;
    boost::asio::co_spawn(loop, async::with_limit(std::move(work), Seconds{60}, "the test takes too long"),
                          [&](std::exception_ptr ended) {
                            fault = ended;
                            loop.stop();
                          });
    loop.restart();
    loop.run();
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  void TearDown() override { run(subject.runtime().destroy(id)); }

  boost::asio::io_context loop;
  LocalSubject subject{loop};
};

async::Task<> restart_case(core::Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto before = co_await Conversation::begin(runtime, id);
  co_await before.open(3, {.command = {"cat"}});
  co_await before.input(3, 0, "kept");
  co_await before.await_frame(wire::FrameType::output);
  TestHost::shared().kill_warden();
  co_await expect_error(discard(runtime.list()), ErrorKind::unavailable);
  EXPECT_EQ((co_await before.run({"echo", "alive"})).output, "alive\n");  // the agent's channel needs no warden
  TestHost::shared().start();
  const auto list = co_await runtime.list();
  EXPECT_EQ(list.size(), 1U);
  EXPECT_EQ(list.at(0).activity, core::InstanceActivity::running);
  auto after = co_await Conversation::begin(runtime, id);
  EXPECT_EQ(after.hello().sessions.size(), 1U);
  EXPECT_EQ(after.hello().sessions.at(0).output_end, 4U);
}
TEST_F(LocalHost, instances_and_sessions_outlive_a_killed_warden) { run(restart_case(subject.runtime())); }

async::Task<> watch_restart_case(core::Runtime& runtime) {
  const auto restart = []() -> async::Task<> {
    TestHost::shared().kill_warden();
    TestHost::shared().start();
    co_return;
  };
  co_await runtime.list();
  bool restarted = false;
  const auto list_then_restart = [](core::Runtime& held, async::Task<> then, bool& done) -> async::Task<> {
    co_await held.list();  // after the watch began
    co_await std::move(then);
    done = true;
  };
  co_await expect_error(
      async::both(runtime.watch([](const core::InstanceStatus&) {}), list_then_restart(runtime, restart(), restarted)),
      ErrorKind::unavailable);
  EXPECT_TRUE(restarted);
}
TEST_F(LocalHost, a_watch_ends_when_the_warden_does) { run(watch_restart_case(subject.runtime())); }

async::Task<> pulled_case(core::Runtime& runtime, core::ImageLibrary& images, std::string reference) {
  const ImageName name("pulled");
  const auto image = co_await images.pull(core::parse_reference(reference), name, [](double, const std::string&) {});
  EXPECT_EQ(image.name, "pulled");
  EXPECT_EQ(image.command, std::vector<std::string>{"/bin/sh"});
  EXPECT_THAT(image.environment, testing::Contains("FLAVOUR=plain"));
  EXPECT_EQ(image.directory, "/srv");
  auto spec = small_spec();
  spec.image = name.text();
  co_await runtime.create(id, spec);
  {
    auto conversation = co_await Conversation::begin(runtime, id);
    EXPECT_EQ((co_await conversation.run({"/bin/sh", "-c", "echo $FLAVOUR"})).output, "plain\n");
  }
  co_await runtime.destroy(id);
}

// Debian's static busybox and a shell's name for it.
void make_root(const std::filesystem::path& root) {
  std::filesystem::create_directories(root / "bin");
  std::filesystem::create_directories(root / "srv");
  std::filesystem::copy_file("/bin/busybox", root / "bin/busybox");
  std::filesystem::create_symlink("busybox", root / "bin/sh");
}

TEST_F(LocalHost, an_image_from_a_registry_runs) {
  local::TestRegistry registry;
  make_root(registry.folder() / "root");
  registry.push(registry.folder() / "root", "group/box:1");
  auto settings = TestHost::shared().settings();
  settings.insecure_registries = {registry.host()};
  local::WardenClient client(loop.get_executor(), settings);
  local::LocalImages images(client);
  run(pulled_case(subject.runtime(), images, "docker://" + registry.host() + "/group/box:1"));
}

}  // namespace
}  // namespace berth::runtimes::contract
