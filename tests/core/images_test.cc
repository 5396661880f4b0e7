// SPDX-License-Identifier: Apache-2.0
#include "core/images.h"

#include <gmock/gmock.h>

#include "core/host.h"

namespace berth::core {
namespace {

using wire::Operation;

class ImagesTest : public Host {
 protected:
  async::Task<> pulled_in_the_background() {
    library.publish("docker://registry.test/tools/alpine:3");
    library.faults().hold(wire::Operation::import_image);
    const Image image = co_await images.pull(admin, "docker://registry.test/tools/alpine:3", {});
    EXPECT_EQ(image.name.text(), "alpine-3");
    EXPECT_EQ(image.state, ImageState::preparing);
    EXPECT_EQ(co_await kind_of(images.pull(admin, "docker://registry.test/tools/alpine:3", {})), "conflict");
    EXPECT_EQ(co_await kind_of(instances.create(admin, {.image = image.name})), "conflict");
    library.faults().release(wire::Operation::import_image);
    EXPECT_EQ((co_await settled(image.name)).state, ImageState::ready);
    EXPECT_EQ((co_await start(admin, {.image = image.name})).instance.state, InstanceState::running);
    EXPECT_EQ(co_await kind_of(images.remove(admin, image.name)), "conflict");
  }

  async::Task<> failed_with_its_reason() {
    const Image image = co_await images.pull(admin, "docker://registry.test/nothing", {});
    const Image after = co_await settled(image.name);
    EXPECT_EQ(after.state, ImageState::failed);
    EXPECT_NE(after.reason.value_or(""), "");
    co_await images.remove(admin, image.name);
    EXPECT_EQ(co_await kind_of(images.find(admin, image.name)), "not_found");
    for (const char* malformed : {"http://registry.test/x", "docker://", "docker://a b", "docker://a/b:c:d"}) {
      EXPECT_EQ(co_await kind_of(images.pull(admin, malformed, "name")), "invalid_argument") << malformed;
    }
    EXPECT_EQ(co_await kind_of(images.pull(admin, "docker://registry.test/x", "../x")), "invalid_argument");
  }

  async::Task<> refused_with_bytes_that_are_no_text() {
    library.publish("docker://registry.test/odd");
    library.faults().fail_next(wire::Operation::import_image, Error(ErrorKind::unavailable, "bad \xff and \n"));
    const Image image = co_await images.pull(admin, "docker://registry.test/odd", {});
    const Image after = co_await settled(image.name);
    EXPECT_EQ(after.state, ImageState::failed);
    EXPECT_EQ(after.reason, "bad ? and ?");
  }

  async::Task<> removed_when_the_tear_down_is_done() {
    library.faults().fail_next(wire::Operation::remove_image, Error(ErrorKind::conflict, "in use"));
    co_await images.remove(admin, ImageName("busybox"));
    EXPECT_EQ(library.faults().calls(wire::Operation::remove_image), 2);
    EXPECT_EQ(co_await kind_of(images.find(admin, ImageName("busybox"))), "not_found");
  }

  async::Task<Image> settled(ImageName name) {
    for (;;) {
      const unsigned long seen = journal.appended().count();
      const Image image = co_await images.find(admin, name);
      if (image.state != ImageState::preparing) {
        co_return image;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<> a_built_in_one_that_failed_passingly_is_prepared_again() {
    library.faults().fail_next(Operation::build_image, Error(ErrorKind::unavailable, "the warden has restarted"));
    EXPECT_EQ(co_await kind_of(images.prepare_built_in({"busybox", "debian"})), "unavailable");
    EXPECT_EQ((co_await images.find(admin, ImageName("debian"))).state, ImageState::failed);
    EXPECT_EQ(co_await kind_of(images.prepare_built_in({"busybox", "debian"})), "none");
    EXPECT_EQ((co_await images.find(admin, ImageName("debian"))).state, ImageState::ready);
  }

  async::Task<> one_that_failed_for_good_is_left() {
    library.faults().fail_next(Operation::build_image, Error(ErrorKind::invalid_argument, "there is no such recipe"));
    EXPECT_EQ(co_await kind_of(images.prepare_built_in({"busybox", "debian"})), "none");
    EXPECT_EQ((co_await images.find(admin, ImageName("debian"))).state, ImageState::failed);
  }
};

TEST_F(ImagesTest, are_pulled_in_the_background_and_kept_while_in_use) { run(pulled_in_the_background()); }
TEST_F(ImagesTest, keep_a_hostile_reason_as_plain_text) { run(refused_with_bytes_that_are_no_text()); }
TEST_F(ImagesTest, wait_for_a_tear_down_before_they_go) { run(removed_when_the_tear_down_is_done()); }
TEST_F(ImagesTest, that_fail_say_why_and_can_be_removed) { run(failed_with_its_reason()); }
TEST_F(ImagesTest, that_failed_passingly_are_prepared_again) {
  run(a_built_in_one_that_failed_passingly_is_prepared_again());
}
TEST_F(ImagesTest, that_failed_for_good_are_left) { run(one_that_failed_for_good_is_left()); }

}  // namespace
}  // namespace berth::core
