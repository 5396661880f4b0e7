// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/described.h"
#include "warden/files.h"
#include "warden/host/test_warden.h"

namespace berth::warden {
namespace {

using wire::Operation;

wire::ImageStatus commit(TestClient& client, const std::string& id, const std::string& name) {
  return read_json<wire::ImageStatus>(client.ask({.operation = Operation::commit_image, .id = id, .name = name}));
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::conflict);
    return error.what();
  }
  ADD_FAILURE() << "it was not refused";
  return "";
}

wire::InstanceSpec spec_of(const std::string& image, wire::DiskKind kind = wire::DiskKind::memory) {
  wire::InstanceSpec spec = small_spec();
  spec.image = image;
  spec.disk_kind = kind;
  return spec;
}

void must(const TestWarden& warden, const std::string& id, const std::string& command) {
  const Outcome outcome = warden.in_instance(id, command);
  ASSERT_EQ(outcome.code, 0) << command << ": " << outcome.output;
}

void destroy_and_wait(const TestWarden& warden, TestClient& client, const std::string& id) {
  client.call(Operation::destroy, id);
  EXPECT_TRUE(eventually([&] { return !std::filesystem::exists(warden.folder() + "/data/instances/" + id); }));
}

// Python, as root of the instance's user namespace but among the host's files: what busybox cannot set.
Outcome python(const TestWarden& warden, const std::string& id, const std::string& program) {
  const std::string pid = read_file(warden.folder() + "/data/instances/" + id + "/pid");
  return run_command({"nsenter", "--target", pid, "--user", "--setuid", "0", "--setgid", "0", "python3", "-c",
                      "import os\nroot = '/proc/" + pid + "/root'\n" + program});
}

// A file of each kind that a layer must carry: what the layer under test is told from.
constexpr const char* first_changes =
    "cd /srv; mkdir -p data/deep; echo old >data/deep/file; echo old >data/gone; echo old >owned; chmod 644 owned; "
    "echo old >replaced; mkdir becomes-file; echo x >becomes-file/x";
constexpr const char* second_changes =
    "cd /srv; rm data/gone; rm -r data/deep; mkdir data/deep; echo new >data/deep/other; chown 1000:1001 owned; "
    "chmod 6751 owned; rm replaced; mkdir replaced; echo in >replaced/in; rm -r becomes-file; echo file >becomes-file; "
    "ln owned twin; ln -s /etc/shadow link; mkfifo pipe; mkdir -m 1733 sticky; rm /etc/hostname; "
    "dd if=/dev/zero of=sparse bs=1 count=1 seek=5000000; mv data moved; touch -d '2020-01-02 03:04:05' owned";
constexpr const char* look =
    "cd /srv; find . | sort; stat -c '%n %u:%g %a %F %h' owned link pipe sticky becomes-file /; "
    "cat moved/deep/other becomes-file replaced/in; readlink link; stat -c %s sparse; stat -c %Y owned";

class Commit : public ::testing::TestWithParam<wire::DiskKind> {};

TEST_P(Commit, CarriesEveryKindOfChange) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("base", spec_of("busybox", GetParam()));
  must(warden, "base", first_changes);
  client.call(Operation::stop, "base");
  const wire::ImageStatus first = commit(client, "base", "first");
  EXPECT_EQ(first.base, "busybox");
  EXPECT_GT(first.size, 0_KiB);
  EXPECT_LT(first.size, 1_MiB);
  client.create("one", spec_of("first", GetParam()));
  must(warden, "one", second_changes);
  const std::string seen = warden.in_instance("one", look).output;
  EXPECT_THAT(seen, testing::HasSubstr("owned 1000:1001 6751 regular file 2"));
  client.call(Operation::stop, "one");
  EXPECT_LT(commit(client, "one", "second").size, 2_MiB) << "holes are kept";
  client.create("two", spec_of("second"));
  EXPECT_EQ(warden.in_instance("two", look).output, seen);
  // The instance that was committed goes on with its own layer.
  client.create("one", spec_of("first", GetParam()));
  EXPECT_EQ(warden.in_instance("one", look).output, seen);
}

INSTANTIATE_TEST_SUITE_P(Disk, Commit, testing::Values(wire::DiskKind::memory, wire::DiskKind::disk),
                         [](const auto& kind) { return std::string(enum_name(kind.param)); });

TEST(Commit, KeepsAttributesCapabilitiesAndAccessLists) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", spec_of("busybox"));
  must(warden, "one", "cd /srv; cp /bin/busybox able; echo x >listed; chown 1000 listed; chmod 600 listed");
  // security.capability, revision 2, effective, CAP_NET_RAW; an access list that lets user 1234 read.
  const Outcome set = python(warden, "one",
                             "import struct\n"
                             "os.setxattr(root + '/srv/able', 'user.colour', b'blue')\n"
                             "os.setxattr(root + '/srv/able', 'security.capability',"
                             " struct.pack('<IIIII', 0x02000001, 1 << 13, 0, 0, 0))\n"
                             "os.setxattr(root + '/srv/listed', 'system.posix_acl_access', struct.pack('<I', 2) +"
                             " b''.join(struct.pack('<HHI', *row) for row in [(1, 6, 0xffffffff), (2, 4, 1234),"
                             " (4, 0, 0xffffffff), (16, 4, 0xffffffff), (32, 0, 0xffffffff)]))\n");
  ASSERT_EQ(set.code, 0) << set.output;
  client.call(Operation::stop, "one");
  commit(client, "one", "able");
  const std::string layer = warden.folder() + "/data/images/able/layer/srv";
  const std::string raw = "import os; print(os.getxattr('" + layer + "/able', 'security.capability').hex())";
  EXPECT_EQ(run_command({"python3", "-c", raw}).output, "0100000200200000000000000000000000000000\n");
  struct stat state{};
  ASSERT_EQ(::stat((layer + "/listed").c_str(), &state), 0);
  EXPECT_EQ(state.st_uid, 1000U) << "images are stored with ids from 0";
  client.create("two", spec_of("able"));
  const Outcome got = python(warden, "two",
                             "print(os.getxattr(root + '/srv/able', 'user.colour').decode())\n"
                             "print(os.getxattr(root + '/srv/able', 'security.capability').hex())\n"
                             "print(os.getxattr(root + '/srv/listed', 'system.posix_acl_access').hex())\n");
  EXPECT_THAT(got.output, testing::StartsWith("blue\n0100000200200000")) << got.output;
  EXPECT_THAT(got.output, testing::HasSubstr("02000400d2040000")) << "user 1234 may read: " << got.output;
}

TEST(Commit, MakesChainsUpToAnEnd) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  std::string below = "busybox";
  for (std::size_t layer = 1; layer <= wire::most_layers; ++layer) {
    const std::string number = std::to_string(layer);
    client.create("one", spec_of(below));
    must(warden, "one",
         "echo " + number + " >/srv/" + number + "; echo " + number + " >>/srv/all; rm -f /srv/odd; test $((" + number +
             " % 2)) = 0 || echo x >/srv/odd");
    client.call(Operation::stop, "one");
    below = commit(client, "one", "layer-" + number).name;
    destroy_and_wait(warden, client, "one");
  }
  client.create("one", spec_of(below));
  EXPECT_EQ(warden.in_instance("one", "ls /srv; tr -d '\\n' </srv/all").output,
            "1\n2\n3\n4\n5\n6\n7\n8\nall\n12345678");
  client.call(Operation::stop, "one");
  EXPECT_THAT(refusal([&] { commit(client, "one", "layer-9"); }), testing::HasSubstr("as many layers"));
}

TEST(Commit, KeepsWhatLiesBelowAnImage) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  const auto remove = [&](const std::string& name) {
    client.ask({.operation = Operation::remove_image, .name = name});
  };
  client.create("one", spec_of("busybox"));
  EXPECT_THAT(refusal([&] { commit(client, "one", "top"); }), testing::HasSubstr("stop it first"));
  client.call(Operation::stop, "one");
  commit(client, "one", "top");
  commit(client, "one", "top");  // may be repeated
  refusal([&] { commit(client, "one", "busybox"); });
  destroy_and_wait(warden, client, "one");
  EXPECT_TRUE(eventually([&] {
    return refusal([&] { remove("busybox"); }).find("below the image 'top'; remove that one first") !=
           std::string::npos;
  })) << "once nothing is left of the instance";
  const auto images = read_json<std::vector<wire::ImageStatus>>(client.ask({.operation = Operation::list_images}));
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[1].name, "top");
  EXPECT_EQ(images[1].base, "busybox");
  EXPECT_LT(images[1].size, images[0].size);
  remove("top");
  remove("busybox");
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(warden.folder() + "/data/images"); }));
}

TEST(Commit, ExportsAnInstanceOfALayeredImageWhole) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", spec_of("busybox"));
  must(warden, "one", "echo kept >/srv/kept; rm -f /bin/vi");
  client.call(Operation::stop, "one");
  commit(client, "one", "top");
  client.create("two", spec_of("top"));
  for (const bool stopped : {false, true}) {
    if (stopped) {
      client.call(Operation::stop, "two");
    }
    client.call(Operation::export_disk, "two");
    const Descriptor pipe = client.take_descriptor();
    std::string names;
    Program list{.command = {"tar", "-tf", "-"}, .descriptors = {{pipe.get(), 0}}};
    ASSERT_EQ(run(std::move(list), std::chrono::minutes(1), names), 0);
    EXPECT_THAT(names, testing::AllOf(testing::HasSubstr("srv/kept\n"), testing::HasSubstr("bin/busybox\n"),
                                      testing::Not(testing::HasSubstr("bin/vi\n"))));
  }
}

TEST(Commit, SaysThatADiskInMemoryIsGone) {
  const TestWarden warden;
  TestClient client = warden.client_with_image();
  client.create("one", spec_of("busybox"));
  client.call(Operation::stop, "one");
  const std::string disk = warden.folder() + "/data/instances/one/disk";
  ASSERT_EQ(run_command({"nsenter", "--mount=" + warden.folder() + "/run/keep/mounts", "umount", disk}).code, 0);
  EXPECT_THAT(refusal([&] { commit(client, "one", "top"); }), testing::HasSubstr("was in memory and is gone"));
}

TEST(Commit, LeavesNothingWhenItIsInterrupted) {
  TestWarden warden;
  {
    TestClient client = warden.client_with_image();
    client.create("one", spec_of("busybox"));
    must(warden, "one", "dd if=/dev/zero of=/srv/big bs=1M count=25");
    client.call(Operation::stop, "one");
    client.send(print_json(to_json(wire::Request{.operation = Operation::commit_image, .id = "one", .name = "top"})));
    const std::string images = warden.folder() + "/data/images";
    EXPECT_TRUE(eventually([&] {
      return std::distance(std::filesystem::directory_iterator(images), std::filesystem::directory_iterator()) > 1;
    }));
  }
  warden.kill();
  warden.start();
  EXPECT_TRUE(eventually([&] {
    for (const auto& entry : std::filesystem::directory_iterator(warden.folder() + "/data/images")) {
      if (entry.path().filename().native().starts_with('.')) {
        return false;
      }
    }
    return true;
  }));
  TestClient client = warden.client();
  EXPECT_EQ(commit(client, "one", "top").base, "busybox");
}

}  // namespace
}  // namespace berth::warden
