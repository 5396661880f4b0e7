// SPDX-License-Identifier: Apache-2.0
#include "async/time_limit.h"
#include "runtimes/contract/conversation.h"
#include "runtimes/contract/runtime_contract.h"

namespace berth::runtimes::contract {
namespace {

using core::Runtime;

const InstanceId id{"image-one"};
const InstanceId other{"image-two"};

// What a destroyed instance leaves may take a moment to go.
async::Task<> remove_when_free(core::ImageLibrary& images, ImageName name) {
  for (bool removed = false; !removed; co_await async::pause_for(Milliseconds{2})) {
    try {
      co_await images.remove(name);
      removed = true;
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.kind()), to_string(ErrorKind::conflict));
    }
  }
}

async::Task<std::string> content_of(Runtime& runtime, InstanceId of, std::string path) {
  auto conversation = co_await Conversation::begin(runtime, of);
  const auto read =
      co_await conversation.run(wire::OpenSession{.kind = wire::SessionKind::read_file, .path = std::move(path)});
  co_return read.output;
}

async::Task<> write(Runtime& runtime, InstanceId to, std::string path, std::string content) {
  auto conversation = co_await Conversation::begin(runtime, to);
  const auto written = co_await conversation.run(
      wire::OpenSession{.kind = wire::SessionKind::write_file, .path = std::move(path)}, std::move(content));
  EXPECT_EQ(written.exit.code, 0) << written.error;
}

async::Task<> commit_case(Runtime& runtime, core::ImageLibrary& images, wire::DiskKind kind) {
  const ImageName name("contract-layer");
  auto spec = small_spec();
  spec.disk_kind = kind;
  co_await runtime.create(id, spec);
  co_await write(runtime, id, "/root/mine", "kept in the image");
  co_await expect_error(discard(images.commit(id, name)), ErrorKind::conflict);  // it runs
  co_await runtime.stop(id);
  const auto committed = co_await images.commit(id, name);
  EXPECT_EQ(committed.name, name.text());
  EXPECT_EQ(committed.base, "busybox");
  co_await images.commit(id, name);  // may be repeated
  co_await runtime.create(id, spec);
  co_await write(runtime, id, "/root/mine", "later");
  spec.image = name.text();
  co_await runtime.create(other, spec);
  EXPECT_EQ(co_await content_of(runtime, other, "/root/mine"), "kept in the image");
  co_await expect_error(images.remove(name), ErrorKind::conflict);  // an instance has it
  co_await runtime.destroy(id);
  co_await runtime.destroy(other);
  co_await expect_error(images.remove(ImageName("busybox")), ErrorKind::conflict);  // it is below
  co_await remove_when_free(images, name);
}
TEST_P(RuntimeContract, a_stopped_instance_becomes_an_image_over_its_own) {
  run(commit_case(runtime(), images(), wire::DiskKind::memory));
}
TEST_P(RuntimeContract, a_disk_becomes_an_image_over_its_own) {
  run(commit_case(runtime(), images(), wire::DiskKind::disk));
}

async::Task<> commit_refused_case(Runtime& runtime, core::ImageLibrary& images) {
  co_await expect_error(discard(images.commit(other, ImageName("contract-layer"))), ErrorKind::not_found);
  co_await runtime.create(id, small_spec());
  co_await runtime.stop(id);
  co_await expect_error(discard(images.commit(id, ImageName("busybox"))), ErrorKind::conflict);
}
TEST_P(RuntimeContract, no_image_is_committed_over_itself_or_from_nothing) {
  run(commit_refused_case(runtime(), images()));
}

}  // namespace
}  // namespace berth::runtimes::contract
