// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/local_images.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fstream>

#include "async/task_group.h"
#include "async/time_limit.h"
#include "runtimes/local/odd_warden.h"
#include "runtimes/local/skopeo.h"
#include "runtimes/local/test_registry.h"

namespace berth::runtimes::local {
namespace {

using testing::HasSubstr;

const ImageName name{"box"};
constexpr const char* made =
    R"({"result":{"name":"box","size":7,"command":[],"environment":[],"directory":"","user":""}})";

// A warden that takes one image and looks at what it was given.
class LocalImagesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    registry = std::make_unique<TestRegistry>();
    const auto root = registry->folder() / "root";
    std::filesystem::create_directories(root / "bin");
    std::ofstream(root / "bin/program") << "content";
    registry->push(root, "group/box:1");
  }
  static void TearDownTestSuite() { registry.reset(); }

  static Settings settings_for(const OddWarden& warden) {
    return {.warden_socket = warden.path(),
            .image_folder = (registry->folder() / "scratch").string(),
            .insecure_registries = {registry->host()}};
  }

  ErrorKind run(async::Task<core::ImageStatus> work) {
    std::exception_ptr fault;
    boost::asio::co_spawn(loop, async::with_limit(std::move(work), Seconds{60}, "the test takes too long"),
                          [&](std::exception_ptr ended, const core::ImageStatus& status) {
                            fault = ended;
                            image = status;
                            loop.stop();
                          });
    loop.restart();
    loop.run();
    try {
      if (fault) {
        std::rethrow_exception(fault);
      }
    } catch (const Error& error) {
      message = error.what();
      return error.kind();
    }
    return no_error;
  }

  static constexpr ErrorKind no_error = ErrorKind::unauthenticated;  // which none of these throws

  void take_image(OddWarden::Peer& peer) {
    peer.greet();
    request = peer.read();
    ASSERT_EQ(peer.descriptors().size(), 1U);
    const int passed = peer.descriptors().front().get();
    struct stat status{};
    ASSERT_EQ(fstat(passed, &status), 0);
    if (S_ISDIR(status.st_mode)) {
      const Descriptor index(openat(passed, "index.json", O_RDONLY | O_CLOEXEC));
      layout_arrived = static_cast<bool>(index);
    } else {
      first_byte = '\0';
      EXPECT_EQ(read(passed, &first_byte, 1), 1);
    }
    peer.write(made);
    peer.read();
  }

  bool scratch_is_empty() const {
    const auto scratch = registry->folder() / "scratch";
    return !std::filesystem::exists(scratch) || std::filesystem::is_empty(scratch);
  }

  static std::unique_ptr<TestRegistry> registry;
  boost::asio::io_context loop;
  std::string request;
  bool layout_arrived = false;
  char first_byte = '\0';
  OddWarden warden{[this](OddWarden::Peer& peer) { take_image(peer); }};
  WardenClient client{loop.get_executor(), settings_for(warden)};
  LocalImages images{client};
  core::ImageStatus image;
  std::string message;
  std::vector<double> fractions;
  core::ProgressReport report = [this](double fraction, const std::string&) { fractions.push_back(fraction); };
};

std::unique_ptr<TestRegistry> LocalImagesTest::registry;

TEST_F(LocalImagesTest, an_image_is_pulled_from_a_registry_and_given_to_the_warden_as_a_layout) {
  EXPECT_EQ(run(images.pull(core::parse_reference("docker://" + registry->host() + "/group/box:1"), name, report)),
            no_error)
      << message;
  EXPECT_EQ(image.size, Bytes{7});
  EXPECT_EQ(request, R"({"operation":"import_image","name":"box","form":"oci"})");
  EXPECT_TRUE(layout_arrived);
  EXPECT_TRUE(scratch_is_empty());
  EXPECT_FALSE(fractions.empty());
}

TEST_F(LocalImagesTest, an_unknown_image_is_not_found_with_the_registrys_words) {
  EXPECT_EQ(run(images.pull(core::parse_reference("docker://" + registry->host() + "/group/box:2"), name, report)),
            ErrorKind::not_found);
  EXPECT_THAT(message, HasSubstr("manifest unknown"));
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(LocalImagesTest, a_registry_that_is_not_there_is_unavailable) {
  EXPECT_EQ(run(images.pull(core::parse_reference("docker://127.0.0.1:1/box"), name, report)), ErrorKind::unavailable);
  EXPECT_THAT(message, HasSubstr("cannot be reached"));
}

TEST_F(LocalImagesTest, a_registry_without_tls_must_be_listed) {
  Settings strict = settings_for(warden);
  strict.insecure_registries.clear();
  WardenClient strict_client(loop.get_executor(), strict);
  LocalImages strict_images(strict_client);
  EXPECT_EQ(
      run(strict_images.pull(core::parse_reference("docker://" + registry->host() + "/group/box:1"), name, report)),
      ErrorKind::unavailable);
  EXPECT_THAT(message, HasSubstr("insecure_registries"));
}

TEST_F(LocalImagesTest, a_missing_skopeo_is_named) {
  Settings lacking = settings_for(warden);
  lacking.skopeo = "/nonexistent/skopeo";
  WardenClient lacking_client(loop.get_executor(), lacking);
  LocalImages lacking_images(lacking_client);
  EXPECT_EQ(
      run(lacking_images.pull(core::parse_reference("docker://" + registry->host() + "/group/box:1"), name, report)),
      ErrorKind::unavailable);
  EXPECT_THAT(message, HasSubstr("/nonexistent/skopeo"));
}

async::Task<> discard(async::Task<core::ImageStatus> work) { co_await std::move(work); }

async::Task<core::ImageStatus> cancelled_pull(LocalImages& images, core::ProgressReport report,
                                              std::filesystem::path pid_file, int& pid) {
  async::TaskGroup group(co_await boost::asio::this_coro::executor);
  group.spawn(discard(images.pull(core::parse_reference("docker://127.0.0.1:9/x"), name, std::move(report))));
  while (pid == 0) {
    co_await async::pause_for(Milliseconds{5});
    std::ifstream(pid_file) >> pid;
  }
  EXPECT_EQ(kill(pid, 0), 0);
  EXPECT_TRUE(co_await group.stop(Seconds{20}));
  co_return core::ImageStatus{};
}

TEST_F(LocalImagesTest, a_cancelled_pull_kills_the_download_and_leaves_nothing) {
  const auto program = registry->folder() / "endless";  // in skopeo's place
  const auto pid_file = registry->folder() / "pid";
  std::ofstream(program) << "#!/bin/sh\necho $$ > " << pid_file.string() << "\nwhile :; do sleep 1000; done\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  Settings settings = settings_for(warden);
  settings.skopeo = program.string();
  WardenClient endless_client(loop.get_executor(), settings);
  LocalImages endless(endless_client);
  int pid = 0;
  EXPECT_EQ(run(cancelled_pull(endless, report, pid_file, pid)), no_error) << message;
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(LocalImagesTest, an_uploaded_layout_is_unpacked_for_the_warden) {
  const auto tar = registry->folder() / "layout.tar";
  run_program({"tar", "-C", registry->layout().string(), "-cf", tar.string(), "."});
  EXPECT_EQ(run(images.import(Descriptor(open(tar.c_str(), O_RDONLY | O_CLOEXEC)), wire::ImageForm::oci, name, report)),
            no_error)
      << message;
  EXPECT_TRUE(layout_arrived);
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(LocalImagesTest, a_hostile_upload_never_reaches_the_warden) {
  const auto file = registry->folder() / "file";
  std::ofstream(file) << "this is no archive";
  EXPECT_EQ(
      run(images.import(Descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC)), wire::ImageForm::oci, name, report)),
      ErrorKind::invalid_argument);
  EXPECT_EQ(run(images.import(Descriptor(open("/dev/zero", O_RDONLY | O_CLOEXEC)), wire::ImageForm::tar, name, report)),
            ErrorKind::invalid_argument);
  EXPECT_EQ(warden.connections(), 0);
  EXPECT_TRUE(scratch_is_empty());
}

TEST_F(LocalImagesTest, an_uploaded_tar_is_passed_on_from_its_beginning) {
  const auto file = registry->folder() / "file";
  std::ofstream(file) << "tar";
  Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  lseek(opened.get(), 0, SEEK_END);
  EXPECT_EQ(run(images.import(std::move(opened), wire::ImageForm::tar, name, report)), no_error) << message;
  EXPECT_EQ(first_byte, 't');
}

TEST_F(LocalImagesTest, what_a_killed_process_left_is_removed_at_the_next_start) {
  const auto left = registry->folder() / "scratch" / "scratch-left/blobs";
  const auto foreign = registry->folder() / "scratch" / "foreign";
  std::filesystem::create_directories(left);
  std::filesystem::create_directories(foreign);
  const LocalImages again(client);
  EXPECT_FALSE(std::filesystem::exists(left.parent_path()));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  std::filesystem::remove(foreign);
}

TEST(Skopeo, its_last_words_become_a_sentence) {
  const auto error = explain_skopeo(
      "Getting image source signatures\ntime=\"now\" level=fatal msg=\"initializing source docker://h/x: "
      "reading manifest: unauthorized: authentication \\\"required\\\"\x1b[31m\"\n",
      "h");
  EXPECT_EQ(error.kind(), ErrorKind::forbidden);
  EXPECT_THAT(error.what(), HasSubstr("wants a login"));
  EXPECT_THAT(error.what(), HasSubstr("authentication \"required\" [31m)"));
  EXPECT_EQ(explain_skopeo("", "h").kind(), ErrorKind::unavailable);
}

}  // namespace
}  // namespace berth::runtimes::local
