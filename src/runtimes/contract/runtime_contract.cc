// SPDX-License-Identifier: Apache-2.0
#include "runtimes/contract/runtime_contract.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "async/task_group.h"
#include "async/time_limit.h"
#include "base/error.h"
#include "runtimes/contract/conversation.h"

namespace berth::runtimes::contract {

namespace asio = boost::asio;
using core::InstanceActivity;
using core::InstanceStatus;
using core::Runtime;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RuntimeContract);

core::InstanceSpec small_spec() {
  core::InstanceSpec spec;
  spec.image = "busybox";
  spec.hostname = "box";
  spec.memory = 64_MiB;
  spec.processes = 64;
  spec.disk = 32_MiB;
  spec.inodes = 2000;
  return spec;
}

async::Task<> expect_error(async::Task<> work, ErrorKind kind) {
  try {
    co_await std::move(work);
    ADD_FAILURE() << "it did not fail, where " << to_string(kind) << " was expected";
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.what();
  }
}

void RuntimeContract::SetUp() { subject_ = GetParam().make(loop_); }

namespace {

const InstanceId id{"contract-one"};
const InstanceId other{"contract-two"};

async::Task<> destroy_all(Runtime& runtime) {
  for (const InstanceStatus& status : co_await runtime.list()) {
    co_await runtime.destroy(InstanceId(status.id));
  }
}

async::Task<std::optional<InstanceActivity>> activity_of(Runtime& runtime, InstanceId wanted) {
  for (const InstanceStatus& status : co_await runtime.list()) {
    if (status.id == wanted.text()) {
      co_return status.activity;
    }
  }
  co_return std::nullopt;
}

// Until `done` says so; the test's limit ends it otherwise.
async::Task<> wait_until(std::function<bool()> done) {
  while (!done()) {
    co_await async::pause_for(Milliseconds{2});
  }
}

}  // namespace

void RuntimeContract::TearDown() {
  run(destroy_all(runtime()));
  subject_.reset();
}

void RuntimeContract::run(async::Task<> work) {
  std::exception_ptr fault;
  asio::co_spawn(loop_, async::with_limit(std::move(work), Seconds{60}, "the test takes too long"),
                 [&](std::exception_ptr ended) {
                   fault = ended;
                   loop_.stop();
                 });
  loop_.restart();
  loop_.run();
  if (fault) {
    std::rethrow_exception(fault);
  }
}

namespace {

async::Task<> capabilities_case(Runtime& runtime) {
  const auto capabilities = co_await runtime.capabilities();
  EXPECT_GE(capabilities.most_instances, 1U);
  EXPECT_FALSE(capabilities.runtime.empty());
  EXPECT_THAT(capabilities.recipes, testing::Contains("busybox"));
}
TEST_P(RuntimeContract, tells_what_it_can_hold) { run(capabilities_case(runtime())); }

async::Task<> create_case(Runtime& runtime) {
  EXPECT_EQ(co_await activity_of(runtime, id), std::nullopt);
  co_await runtime.create(id, small_spec());
  co_await runtime.create(id, small_spec());
  const auto list = co_await runtime.list();
  EXPECT_EQ(list.size(), 1U);
  EXPECT_EQ(list.at(0).id, id.text());
  EXPECT_EQ(list.at(0).image, "busybox");
  EXPECT_EQ(list.at(0).activity, InstanceActivity::running);
  EXPECT_FALSE(list.at(0).out_of_memory);
}
TEST_P(RuntimeContract, to_create_twice_makes_one_instance) { run(create_case(runtime())); }

async::Task<> repeat_case(Runtime& runtime) {
  co_await runtime.destroy(other);
  co_await runtime.stop(other);
  co_await runtime.create(id, small_spec());
  co_await runtime.stop(id);
  co_await runtime.stop(id);
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::stopped);
  co_await runtime.destroy(id);
  co_await runtime.destroy(id);
  EXPECT_EQ(co_await activity_of(runtime, id), std::nullopt);
  co_await runtime.create(id, small_spec());
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::running);
}
TEST_P(RuntimeContract, stop_and_destroy_may_be_repeated_and_take_unknown_ids) { run(repeat_case(runtime())); }

async::Task<> unknown_case(Runtime& runtime) {
  auto spec = small_spec();
  spec.image = "no-such-image";
  co_await expect_error(runtime.create(id, spec), ErrorKind::not_found);
  EXPECT_EQ(co_await activity_of(runtime, id), std::nullopt);
  co_await expect_error(runtime.pause(other), ErrorKind::not_found);
  co_await expect_error(runtime.resume(other), ErrorKind::not_found);
  co_await expect_error(discard(runtime.usage(other)), ErrorKind::not_found);
  co_await expect_error(discard(runtime.agent(other)), ErrorKind::not_found);
  co_await expect_error(discard(runtime.connect(other, 80)), ErrorKind::not_found);
  co_await expect_error(discard(runtime.export_disk(other)), ErrorKind::not_found);
}
TEST_P(RuntimeContract, unknown_images_and_instances_are_not_found) { run(unknown_case(runtime())); }

async::Task<> stopped_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  co_await runtime.stop(id);
  co_await expect_error(runtime.pause(id), ErrorKind::conflict);
  co_await expect_error(discard(runtime.agent(id)), ErrorKind::conflict);
  co_await expect_error(discard(runtime.connect(id, 80)), ErrorKind::conflict);
}
TEST_P(RuntimeContract, a_stopped_instance_has_no_processes_to_talk_to) { run(stopped_case(runtime())); }

async::Task<> other_disk_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto spec = small_spec();
  spec.disk = 64_MiB;
  co_await expect_error(runtime.create(id, spec), ErrorKind::conflict);
}
TEST_P(RuntimeContract, an_instance_keeps_its_image_and_disk) { run(other_disk_case(runtime())); }

async::Task<> disk_case(Runtime& runtime, wire::DiskKind kind) {
  auto spec = small_spec();
  spec.disk_kind = kind;
  co_await runtime.create(id, spec);
  {
    auto conversation = co_await Conversation::begin(runtime, id);
    const auto written = co_await conversation.run(
        wire::OpenSession{.kind = wire::SessionKind::write_file, .path = "/root/kept"}, "still here");
    EXPECT_EQ(written.exit.code, 0) << written.error;
  }
  co_await runtime.stop(id);
  co_await runtime.create(id, spec);
  auto conversation = co_await Conversation::begin(runtime, id);
  const auto read =
      co_await conversation.run(wire::OpenSession{.kind = wire::SessionKind::read_file, .path = "/root/kept"});
  EXPECT_EQ(read.output, "still here") << read.error;
}
TEST_P(RuntimeContract, a_memory_disk_outlives_a_stop) { run(disk_case(runtime(), wire::DiskKind::memory)); }
TEST_P(RuntimeContract, a_disk_outlives_a_stop) { run(disk_case(runtime(), wire::DiskKind::disk)); }

async::Task<> pause_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await runtime.pause(id);
  co_await runtime.pause(id);
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::paused);
  co_await conversation.send({.type = wire::FrameType::list_ports, .session = 1, .payload = {}});
  EXPECT_FALSE(co_await async::finishes_within(discard(conversation.receive()), Milliseconds{50}));
  co_await runtime.resume(id);
  co_await runtime.resume(id);
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::running);
  EXPECT_EQ((co_await conversation.receive()).type, wire::FrameType::ports);
}
TEST_P(RuntimeContract, a_paused_instance_stands_still_until_it_is_resumed) { run(pause_case(runtime())); }

async::Task<> paused_end_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  co_await runtime.create(other, small_spec());
  co_await runtime.pause(id);
  co_await runtime.pause(other);
  co_await runtime.stop(id);
  co_await runtime.destroy(other);
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::stopped);
  EXPECT_EQ(co_await activity_of(runtime, other), std::nullopt);
}
TEST_P(RuntimeContract, a_paused_instance_can_be_stopped_and_destroyed) { run(paused_end_case(runtime())); }

async::Task<> watch_case(Runtime& runtime, Subject& subject) {
  co_await runtime.create(id, small_spec());
  co_await runtime.create(other, small_spec());
  async::TaskGroup group(co_await asio::this_coro::executor);
  std::vector<InstanceStatus> ended;
  group.spawn(runtime.watch([&](const InstanceStatus& status) { ended.push_back(status); }));
  co_await runtime.list();  // which is read after the watch began
  subject.end_by_itself(id);
  co_await wait_until([&] { return !ended.empty(); });
  EXPECT_EQ(ended[0].id, id.text());
  EXPECT_EQ(ended[0].activity, InstanceActivity::stopped);
  EXPECT_FALSE(ended[0].out_of_memory);
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::stopped);
  EXPECT_EQ(co_await activity_of(runtime, other), InstanceActivity::running);
  EXPECT_TRUE(co_await group.stop(Seconds{20}));
  co_await runtime.create(id, small_spec());
  EXPECT_EQ(co_await activity_of(runtime, id), InstanceActivity::running);
}
TEST_P(RuntimeContract, the_end_of_an_instance_is_told_and_it_can_start_again) {
  run(watch_case(runtime(), subject()));
}

async::Task<> usage_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  const auto usage = co_await runtime.usage(id);
  EXPECT_EQ(usage.memory_limit, 64_MiB);
  EXPECT_EQ(usage.disk_limit, 32_MiB);
  EXPECT_GE(usage.processes, 1U);
  EXPECT_LE(usage.processes, 64U);
  EXPECT_GT(usage.memory.count, 0U);
  EXPECT_LE(usage.memory, usage.memory_limit);
  EXPECT_LE(usage.disk, usage.disk_limit);
  EXPECT_EQ(usage.out_of_memory_kills, 0U);
}
TEST_P(RuntimeContract, usage_is_plausible_and_within_its_limits) { run(usage_case(runtime())); }

async::Task<Descriptor> connect_when_ready(Runtime& runtime, std::uint16_t port) {
  for (;;) {
    try {
      co_return co_await runtime.connect(id, port);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) {
        throw;
      }
    }
    co_await async::pause_for(Milliseconds{5});
  }
}

async::Task<> connect_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  co_await expect_error(discard(runtime.connect(id, 7000)), ErrorKind::unavailable);
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await conversation.open(1,
                             {.kind = wire::SessionKind::command, .command = {"nc", "-l", "-p", "7000", "-e", "cat"}});
  Descriptor connection = co_await connect_when_ready(runtime, 7000);
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor, asio::ip::tcp::v4(), connection.release());
  co_await asio::async_write(socket, asio::buffer("through", 7), asio::use_awaitable);
  std::string back(7, '\0');
  co_await asio::async_read(socket, asio::buffer(back), asio::use_awaitable);
  EXPECT_EQ(back, "through");
}
TEST_P(RuntimeContract, a_listening_port_can_be_connected_to) { run(connect_case(runtime())); }

async::Task<std::string> read_to_end(Descriptor pipe) {
  asio::posix::stream_descriptor reader(co_await asio::this_coro::executor, pipe.release());
  std::string bytes;
  boost::system::error_code end;
  co_await asio::async_read(reader, asio::dynamic_buffer(bytes, 512 << 20),
                            asio::redirect_error(asio::use_awaitable, end));
  co_return bytes;
}

std::vector<std::string> names_in(const std::string& tar) {
  std::vector<std::string> names;
  archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  archive_read_open_memory(reader, tar.data(), tar.size());
  archive_entry* entry = nullptr;
  int status = 0;
  while ((status = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
    std::string name = archive_entry_pathname(entry);
    names.push_back(name.starts_with("./") ? name.substr(2) : name);
  }
  EXPECT_EQ(status, ARCHIVE_EOF);
  archive_read_free(reader);
  return names;
}

async::Task<> export_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  auto conversation = co_await Conversation::begin(runtime, id);
  co_await conversation.run(wire::OpenSession{.kind = wire::SessionKind::write_file, .path = "/root/mine"}, "x");
  const std::string running = co_await read_to_end(co_await runtime.export_disk(id));
  EXPECT_THAT(names_in(running), testing::IsSupersetOf({"etc/passwd", "root/mine"}));
  co_await runtime.stop(id);
  const std::string stopped = co_await read_to_end(co_await runtime.export_disk(id));
  EXPECT_THAT(names_in(stopped), testing::IsSupersetOf({"etc/passwd", "root/mine"}));
}
TEST_P(RuntimeContract, a_disk_is_exported_whole_as_a_tar) { run(export_case(runtime())); }

async::Task<> images_case(Runtime& runtime, core::ImageLibrary& images) {
  const auto nobody_cares = [](double, const std::string&) {};
  const auto built = co_await images.build(ImageName("busybox"), nobody_cares);
  EXPECT_EQ(built.name, "busybox");
  co_await expect_error(discard(images.build(ImageName("no-recipe"), nobody_cares)), ErrorKind::not_found);
  const auto list = co_await images.list();
  EXPECT_TRUE(std::ranges::any_of(list, [](const auto& image) { return image.name == "busybox"; }));
  co_await runtime.create(id, small_spec());
  co_await expect_error(images.remove(ImageName("busybox")), ErrorKind::conflict);
  co_await images.remove(ImageName("no-such-image"));
}
TEST_P(RuntimeContract, images_are_built_listed_and_kept_while_in_use) { run(images_case(runtime(), images())); }

}  // namespace
}  // namespace berth::runtimes::contract
