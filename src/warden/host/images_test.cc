// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/described.h"
#include "base/ids.h"
#include "warden/files.h"
#include "warden/host/test_tar.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::ImageForm;
using wire::Operation;

wire::ImageStatus import_image(TestClient& client, const std::string& name, ImageForm form, const Descriptor& from) {
  return read_json<wire::ImageStatus>(
      client.ask({.operation = Operation::import_image, .name = name, .form = form}, from.get()));
}

// The fault of importing a tar of these members; none: it was taken.
std::optional<Error> refusal(TestClient& client, const std::vector<TarMember>& members) {
  try {
    import_image(client, "hostile", ImageForm::tar, file_with(make_tar(members)));
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

std::string busybox_root(const TestWarden& warden) { return warden.folder() + "/data/images/busybox/rootfs"; }

TEST(Images, ImportsATarOfAnyCompressionAndRunsIt) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  for (const std::string flag : {"--gzip", "--zstd", "--xz", "--bzip2", "--no-auto-compress"}) {
    const std::string file = warden.folder() + "/image.tar";
    ASSERT_EQ(run_command({"tar", flag, "-C", busybox_root(warden), "-cf", file, "."}).code, 0);
    const Descriptor tar(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const wire::ImageStatus image = import_image(client, "copy", ImageForm::tar, tar);
    EXPECT_GT(image.size, 1_MiB);
  }
  wire::InstanceSpec spec = small_spec();
  spec.image = "copy";
  client.create("one", spec);
  EXPECT_EQ(warden.in_instance("one", "stat -c '%n %u %a' /tmp /home/user /root /bin/busybox").output,
            "/tmp 0 1777\n/home/user 1000 755\n/root 0 700\n/bin/busybox 0 755\n");
}

TEST(Images, RefusesHostileTars) {
  const TestWarden warden;
  TestClient client = warden.client();
  const std::string canary = warden.folder() + "/canary";
  replace_file(canary, "untouched");
  const std::vector<std::vector<TarMember>> hostile = {
      {{.name = "../canary", .content = "x"}},
      {{.name = "a/../../canary", .content = "x"}},
      {{.name = canary, .content = "x"}},
      {{.name = "etc", .type = '2', .target = warden.folder()}, {.name = "etc/canary", .content = "x"}},
      {{.name = "etc", .type = '2', .target = ".."}, {.name = "etc/passwd", .content = "x"}},
      {{.name = "link", .type = '1', .target = "../../../../canary"}},
      {{.name = "link", .type = '1', .target = canary}},
      {{.name = "sda", .type = '4'}},
      {{.name = "zero", .type = '3'}},
      {{.name = "pipe", .type = '6'}},
      {{.name = "manifest.json", .content = "[]"}},
  };
  for (const auto& members : hostile) {
    const std::optional<Error> error = refusal(client, members);
    ASSERT_TRUE(error) << members.back().name;
    EXPECT_EQ(error->kind(), ErrorKind::invalid_argument) << error->what();
  }
  EXPECT_EQ(read_file(canary), "untouched");
  EXPECT_TRUE(read_json<std::vector<wire::ImageStatus>>(client.ask({.operation = Operation::list_images})).empty());
  EXPECT_TRUE(std::filesystem::is_empty(warden.folder() + "/data/images"));
}

TEST(Images, RefusesWhatIsNoTar) {
  const TestWarden warden;
  TestClient client = warden.client();
  const auto kind = [&](ImageForm form, const Descriptor& from) {
    try {
      import_image(client, "broken", form, from);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  const std::string good = make_tar({{.name = "file", .content = std::string(100'000, 'x')}});
  EXPECT_EQ(kind(ImageForm::tar, file_with("")), ErrorKind::invalid_argument);
  EXPECT_EQ(kind(ImageForm::tar, file_with("no tar at all, but long enough to be looked at")),
            ErrorKind::invalid_argument);
  EXPECT_EQ(kind(ImageForm::tar, file_with(good.substr(0, 50'000))), ErrorKind::invalid_argument);
  EXPECT_EQ(kind(ImageForm::tar, open_path("/tmp")), ErrorKind::invalid_argument);
  EXPECT_EQ(kind(ImageForm::tar, Descriptor(::open("/dev/zero", O_RDONLY | O_CLOEXEC))), ErrorKind::invalid_argument);
  EXPECT_EQ(kind(ImageForm::oci, file_with(good)), ErrorKind::invalid_argument);
}

TEST(Images, EndsATarThatIsTooLarge) {
  const std::string config = "/tmp/berth-limits-" + random_name(8) + ".toml";
  // Outlives the warden, whose end reads it once more.
  const std::unique_ptr<const std::string, void (*)(const std::string*)> removal(
      &config, [](const std::string* file) { remove_tree(*file); });
  replace_file(config, "largest_image = \"2MiB\"\nmost_image_files = 20\n");
  const TestWarden warden({"--config", config});
  TestClient client = warden.client();
  const auto error = refusal(client, {{.name = "big", .content = std::string(3 << 20, 'x')}});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::too_large) << error->what();
  const auto many = refusal(client, std::vector<TarMember>(30, {.name = "file"}));
  ASSERT_TRUE(many);
  EXPECT_EQ(many->kind(), ErrorKind::too_large) << many->what();
  EXPECT_FALSE(refusal(client, {{.name = "small", .content = "x"}}));
}

TEST(Images, TakesNoDeviceIntoAnImage) {
  const TestWarden warden;
  TestClient client = warden.client();
  EXPECT_FALSE(
      refusal(client, {{.name = "./dev/", .type = '5'}, {.name = "./dev/sda", .type = '4'}, {.name = "./file"}}));
  EXPECT_TRUE(std::filesystem::is_empty(warden.folder() + "/data/images/hostile/rootfs/dev"));
}

TEST(Images, RemovesAnImageOnlyWhenNobodyUsesIt) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  const auto remove = [&] { client.ask({.operation = Operation::remove_image, .name = "busybox"}); };
  EXPECT_THROW(remove(), Error);
  client.call(Operation::stop, "one");
  EXPECT_THROW(remove(), Error);
  client.call(Operation::destroy, "one");
  EXPECT_TRUE(eventually([&] {
    try {
      remove();
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::conflict);
      return false;
    }
  }));
  remove();
  EXPECT_TRUE(read_json<std::vector<wire::ImageStatus>>(client.ask({.operation = Operation::list_images})).empty());
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/images"); }));
}

TEST(Images, ImportsAnOciLayoutWithItsConfiguration) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  const std::string layout = warden.folder() + "/layout";
  const std::string bundle = warden.folder() + "/bundle";
  const auto umoci = [](std::vector<std::string> words) {
    words.insert(words.begin(), "umoci");
    const Outcome outcome = run_command(words);
    ASSERT_EQ(outcome.code, 0) << outcome.output;
  };
  umoci({"init", "--layout", layout});
  umoci({"new", "--image", layout + ":any-tag"});
  umoci({"unpack", "--image", layout + ":any-tag", bundle});
  run_command({"cp", "-a", busybox_root(warden) + "/.", bundle + "/rootfs/"});
  run_command({"mknod", bundle + "/rootfs/null-device", "c", "1", "3"});
  umoci({"repack", "--image", layout + ":any-tag", bundle});
  umoci({"config", "--image", layout + ":any-tag", "--config.entrypoint", "/bin/sleep", "--config.cmd", "1000",
         "--config.env", "COLOUR=blue", "--config.workingdir", "/srv", "--config.user", "user"});
  const wire::ImageStatus image = import_image(client, "from-oci", ImageForm::oci, open_path(layout, O_DIRECTORY));
  EXPECT_EQ(image.command, (std::vector<std::string>{"/bin/sleep", "1000"}));
  EXPECT_EQ(image.directory, "/srv");
  EXPECT_EQ(image.user, "user");
  EXPECT_NE(std::ranges::find(image.environment, "COLOUR=blue"), image.environment.end());
  wire::InstanceSpec spec = small_spec();
  spec.image = "from-oci";
  client.create("one", spec);
  EXPECT_EQ(warden.in_instance("one", "tr '\\0' ' ' </proc/1/cmdline; test ! -e /null-device").output,
            "/.berth/agent init --filter --directory /srv --user user -- /bin/sleep 1000 ");
}

TEST(Images, RefusesHostileOciLayouts) {
  const TestWarden warden;
  TestClient client = warden.client();
  const std::string layout = warden.folder() + "/layout";
  const auto refused = [&](const std::string& index) {
    remove_tree(layout);
    make_folder(layout, 0755);
    replace_file(layout + "/index.json", index);
    try {
      import_image(client, "hostile", ImageForm::oci, open_path(layout, O_DIRECTORY));
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << error.what();
      return true;
    }
  };
  EXPECT_TRUE(refused("{}"));
  EXPECT_TRUE(refused("["));
  EXPECT_TRUE(refused(R"({"manifests":[]})"));
  EXPECT_TRUE(refused(R"({"manifests":[{},{}]})"));
  EXPECT_TRUE(refused(R"({"manifests":[{"digest":"sha256:../../../../etc/passwd"}]})"));
  EXPECT_TRUE(refused(R"({"manifests":[{"digest":7}]})"));
  remove_tree(layout);
  make_folder(layout, 0755);
  std::filesystem::create_symlink("/etc/passwd", layout + "/index.json");
  EXPECT_THROW(import_image(client, "hostile", ImageForm::oci, open_path(layout, O_DIRECTORY)), Error);
}

TEST(Images, ExportsADiskWithTheOwnersTheInstanceSees) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  for (const wire::DiskKind kind : {wire::DiskKind::memory, wire::DiskKind::disk}) {
    const std::string id(enum_name(kind));
    wire::InstanceSpec spec = small_spec();
    spec.disk_kind = kind;
    client.create(id, spec);
    ASSERT_EQ(warden
                  .in_instance(
                      id,
                      "cd /home/user; echo mine >file; chown 1000:1000 file; ln file twin; chmod 4750 file;"
                      "ln -s /etc/shadow link; mkfifo pipe; rm /etc/fstab; mkdir -p new/deep; echo x >'new/deep/ü\"'")
                  .code,
              0);
    for (const bool stopped : {false, true}) {
      if (stopped) {
        client.call(Operation::stop, id);
      }
      client.call(Operation::export_disk, id);
      const Descriptor pipe = client.take_descriptor();
      const std::string tar = warden.folder() + "/out.tar";
      const Descriptor file(::open(tar.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      ASSERT_EQ(run({.command = {"cat"}, .descriptors = {{pipe.get(), 0}, {file.get(), 1}}}, std::chrono::minutes(1)),
                0);
      const std::string listing = run_command({"tar", "--numeric-owner", "-tvf", tar}).output;
      EXPECT_NE(listing.find("-rwsr-x--- 1000/1000"), std::string::npos) << listing;
      EXPECT_NE(listing.find("home/user/twin link to home/user/file"), std::string::npos) << listing;
      EXPECT_NE(listing.find("home/user/link -> /etc/shadow"), std::string::npos);
      EXPECT_NE(listing.find("drwx------ 0/0"), std::string::npos);
      EXPECT_EQ(listing.find("etc/fstab"), std::string::npos) << "deleted inside";
      EXPECT_EQ(listing.find("proc/1"), std::string::npos);
      EXPECT_EQ(listing.find(".berth"), std::string::npos);
      EXPECT_EQ(run_command({"tar", "-xOf", tar, "home/user/file"}).output, "mine\n");
      EXPECT_NE(listing.find("new/deep/ü\""), std::string::npos) << listing;
    }
    client.create(id, spec);  // an export does not keep it from starting
  }
  // What was exported can be imported.
  const Descriptor tar(::open((warden.folder() + "/out.tar").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_GT(import_image(client, "again", ImageForm::tar, tar).size, 1_MiB);
}

TEST(Images, EndsAnExportThatNobodyReadsWithItsInstance) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", small_spec());
  client.call(Operation::export_disk, "one");
  const Descriptor unread = client.take_descriptor();
  client.call(Operation::destroy, "one");
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/instances"); }));
}

}  // namespace
}  // namespace berth::warden
