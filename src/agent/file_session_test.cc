// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/agent_test_client.h"
#include "base/ids.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using wire::SessionKind;

// A folder of its own for each test, and an agent to move files with.
class FileSession : public testing::Test {
 protected:
  FileSession() { fs::create_directories(root_); }
  ~FileSession() override { fs::remove_all(root_); }

  AgentTestClient::Result run(SessionKind kind, const fs::path& path, std::string_view input = {}) {
    return host_.run({.kind = kind, .path = path.string()}, input);
  }
  AgentTestClient::Result unpack(std::string_view archive) {
    fs::create_directories(root_ / "into");
    return run(SessionKind::write_tar, root_ / "into", archive);
  }
  std::string read(const fs::path& path) {
    std::ifstream file(root_ / path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const fs::path& path, std::string_view text) { std::ofstream(root_ / path) << text; }

  const fs::path root_ = fs::path(testing::TempDir()) / ("berth-agent-" + random_name(12));
  AgentProcess agent_;
  AgentTestClient host_{agent_};
};

struct TarEntry {
  std::string name;
  char type = '0';  // of POSIX ustar: 0 file, 1 hard link, 2 link, 3 and 4 device, 5 folder, 6 fifo
  std::string target = {};
  std::string bytes = {};
};

// The ustar format of POSIX.1-1988: enough to write what no honest program would.
std::string tar(const std::vector<TarEntry>& entries) {
  std::string archive;
  for (const TarEntry& entry : entries) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    std::array<char, 12> size{};
    std::snprintf(size.data(), size.size(), "%011zo", entry.bytes.size());
    put(0, entry.name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, size.data());
    put(136, "00000000001");
    put(148, "        ");
    put(156, std::string(1, entry.type));
    put(157, entry.target);
    put(257, std::string_view("ustar\00000", 8));
    put(329, "0000001");
    put(337, "0000001");
    unsigned sum = 0;
    for (const char byte : header) {
      sum += static_cast<unsigned char>(byte);
    }
    std::array<char, 8> checksum{};
    std::snprintf(checksum.data(), checksum.size(), "%06o", sum);
    put(148, std::string_view(checksum.data(), 7));
    archive += header + entry.bytes;
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  return archive + std::string(1024, '\0');
}

TEST_F(FileSession, a_tree_goes_out_and_comes_back_the_same) {
  const std::string long_name(200, 'n');
  fs::create_directories(root_ / "tree/sub/empty");
  fs::create_directories(root_ / "tree" / long_name / long_name);
  write("tree/file", "hello");
  write("tree/sub/big", std::string(3'000'000, 'b'));
  write("tree/sub/nothing", "");
  write("tree/grüße", "utf-8");
  write("tree/bad\xff", "latin");
  write(fs::path("tree") / long_name / long_name / "deep", "deep");
  fs::permissions(root_ / "tree/file", fs::perms(04751));
  fs::permissions(root_ / "tree/sub/empty", fs::perms(0500));
  fs::create_symlink("../file", root_ / "tree/sub/link");
  fs::create_symlink("/no/such", root_ / "tree/dangling");
  fs::create_hard_link(root_ / "tree/file", root_ / "tree/sub/twin");
  const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'100'000'000, .tv_nsec = 0}};
  for (const char* name : {"tree/file", "tree/sub/link", "tree/sub"}) {
    ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }

  const auto archive = run(SessionKind::read_tar, root_ / "tree/");
  ASSERT_EQ(archive.exit->code, 0) << archive.error;
  EXPECT_EQ(host_.run({.command = {"tar", "-tf", "-"}}, archive.output).exit->code, 0);
  const auto written = unpack(archive.output);
  ASSERT_EQ(written.exit->code, 0) << written.error;
  const auto listing = [&](const char* where) {
    return host_
        .run(shell("cd " + (root_ / where).string() + " && find . -exec stat -c '%N %f %u %g %h %Y' {} + | sort"))
        .output;
  };
  EXPECT_EQ(listing("into/tree"), listing("tree"));
  EXPECT_EQ(host_.run({.command = {"diff", "-r", "--no-dereference", root_ / "tree", root_ / "into/tree"}}).output, "");
  fs::permissions(root_ / "tree/sub/empty", fs::perms(0700));
  fs::permissions(root_ / "into/tree/sub/empty", fs::perms(0700));
}

TEST_F(FileSession, archives_of_tar_itself_are_unpacked) {
  fs::create_directories(root_ / "tree/sub");
  const std::string name = "grüße" + std::string(80, 'n');
  write("tree/sub" / fs::path(name), "hello");
  for (const char* format : {"--format=gnu", "--format=pax", "--format=ustar"}) {
    const auto archive = host_.run({.command = {"tar", format, "-C", root_, "-cf", "-", "tree"}});
    ASSERT_EQ(archive.exit->code, 0) << archive.error;
    fs::remove_all(root_ / "into");
    const auto written = unpack(archive.output);
    ASSERT_EQ(written.exit->code, 0) << format << written.error;
    EXPECT_EQ(read("into/tree/sub" / fs::path(name)), "hello") << format;
  }
}

TEST_F(FileSession, one_file_is_an_archive_of_its_name) {
  write("one", "1");
  const auto archive = run(SessionKind::read_tar, root_ / "one");
  EXPECT_EQ(unpack(archive.output).exit->code, 0);
  EXPECT_EQ(read("into/one"), "1");
}

TEST_F(FileSession, a_link_to_a_folder_is_archived_as_that_folder_under_the_links_name) {
  fs::create_directories(root_ / "tree");
  write("tree/file", "hello");
  fs::create_symlink("tree", root_ / "alias");
  EXPECT_EQ(unpack(run(SessionKind::read_tar, root_ / "alias").output).exit->code, 0);
  EXPECT_EQ(read("into/alias/file"), "hello");
}

TEST_F(FileSession, sockets_and_fifos_are_left_out_and_mentioned) {
  fs::create_directories(root_ / "tree");
  ASSERT_EQ(::mkfifo((root_ / "tree/fifo").c_str(), 0600), 0);
  const auto archive = run(SessionKind::read_tar, root_ / "tree");
  EXPECT_EQ(archive.exit->code, 0);
  EXPECT_EQ(archive.error, "left out 1 sockets, fifos or devices\n");
  EXPECT_EQ(unpack(archive.output).exit->code, 0);
}

TEST_F(FileSession, what_cannot_be_read_is_said_in_a_sentence) {
  const auto missing = run(SessionKind::read_tar, "/no/such");
  EXPECT_EQ(missing.exit->code, 1);
  EXPECT_EQ(missing.error, "cannot read '/no/such': No such file or directory\n");
  EXPECT_EQ(run(SessionKind::read_tar, "/dev/null").error, "'/dev/null' is neither a regular file nor a folder\n");
  EXPECT_EQ(run(SessionKind::write_tar, "/no/such").error,
            "cannot open the folder '/no/such': No such file or directory\n");
  EXPECT_EQ(run(SessionKind::read_file, "/").error, "'/' is not a regular file\n");
  EXPECT_EQ(run(SessionKind::read_file, "").refusal->kind, "invalid_argument");
}

TEST_F(FileSession, entries_that_leave_the_folder_are_refused_by_name) {
  const auto refused = [&](const std::vector<TarEntry>& entries) {
    fs::remove_all(root_ / "into");
    const auto result = unpack(tar(entries));
    EXPECT_EQ(result.exit->code, 1);
    EXPECT_FALSE(fs::exists(root_ / "out"));
    return result.error;
  };
  EXPECT_EQ(refused({{.name = "../out"}}), "the entry '../out' has '..' in its name\n");
  EXPECT_EQ(refused({{.name = "a/../../out"}}), "the entry 'a/../../out' has '..' in its name\n");
  EXPECT_EQ(refused({{.name = (root_ / "out").string()}}),
            "the entry '" + (root_ / "out").string() + "' has an absolute name\n");
  EXPECT_EQ(refused({{.name = "link", .type = '2', .target = ".."}, {.name = "link/out"}}),
            "the entry 'link/out' would be written through the link 'link'\n");
  EXPECT_EQ(refused({{.name = "link", .type = '2', .target = ".."}, {.name = "link/", .type = '5'}}),
            "the entry 'link/' would be written through the link 'link'\n");
  EXPECT_EQ(refused({{.name = "link", .type = '2', .target = "/"}, {.name = "link/x/out", .type = '5'}}),
            "the entry 'link/x/out' would be written through the link 'link'\n");
  EXPECT_THAT(refused({{.name = "hard", .type = '1', .target = "../secret"}}), HasSubstr("'../secret' has '..'"));
  EXPECT_THAT(refused({{.name = "hard", .type = '1', .target = "/etc/passwd"}}), HasSubstr("has an absolute name"));
  EXPECT_THAT(refused({{.name = "link", .type = '2', .target = "/etc"},
                       {.name = "hard", .type = '1', .target = "link/passwd"}}),
              HasSubstr("through the link 'link'"));
  EXPECT_EQ(refused({{.name = "."}}), "the entry '.' would replace the folder itself\n");
}

TEST_F(FileSession, links_that_were_there_before_are_not_followed_either) {
  fs::create_directories(root_ / "into");
  write("victim", "safe");
  fs::create_symlink("../victim", root_ / "into/file");
  fs::create_symlink("..", root_ / "into/up");
  EXPECT_EQ(unpack(tar({{.name = "file", .bytes = "new"}})).exit->code, 0);
  EXPECT_EQ(read("victim"), "safe");
  EXPECT_EQ(read("into/file"), "new");
  EXPECT_FALSE(fs::is_symlink(root_ / "into/file"));
  EXPECT_EQ(unpack(tar({{.name = "up/victim", .bytes = "new"}})).exit->code, 1);
  EXPECT_EQ(read("victim"), "safe");
}

TEST_F(FileSession, devices_and_fifos_are_refused_by_name) {
  for (const char type : {'3', '4', '6'}) {
    const auto result = unpack(tar({{.name = "before", .bytes = "x"}, {.name = "special", .type = type}}));
    EXPECT_EQ(result.exit->code, 1);
    EXPECT_EQ(result.error, "the entry 'special' is a device, fifo or socket\n");
    EXPECT_EQ(read("into/before"), "x");
    EXPECT_FALSE(fs::exists(root_ / "into/special"));
  }
}

TEST_F(FileSession, a_damaged_stream_is_said_and_leaves_no_half_file) {
  const std::string archive = tar({{.name = "file", .bytes = std::string(5000, 'x')}});
  for (const std::string& damaged : {std::string("no tar at all, and long enough to be sure of it"),
                                     std::string(2000, 'z'), archive.substr(0, 2000), std::string()}) {
    const auto result = unpack(damaged);
    EXPECT_EQ(result.exit->code, 1) << damaged.size();
    EXPECT_THAT(result.error, HasSubstr("the tar stream is damaged"));
    EXPECT_TRUE(fs::is_empty(root_ / "into"));
  }
}

TEST_F(FileSession, a_folder_that_was_there_keeps_its_mode) {
  fs::create_directories(root_ / "into/kept");
  fs::permissions(root_ / "into", fs::perms(0711));
  fs::permissions(root_ / "into/kept", fs::perms(01777));
  EXPECT_EQ(unpack(tar({{.name = "./", .type = '5'}, {.name = "./kept/", .type = '5'}})).exit->code, 0);
  EXPECT_EQ(fs::status(root_ / "into").permissions(), fs::perms(0711));
  EXPECT_EQ(fs::status(root_ / "into/kept").permissions(), fs::perms(01777));
}

TEST_F(FileSession, hard_links_may_be_unpacked_twice) {
  const std::string archive = tar({{.name = "a", .bytes = "x"},
                                   {.name = "b", .type = '1', .target = "a"},
                                   {.name = "b", .type = '1', .target = "a"}});
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(unpack(archive).exit->code, 0);
    EXPECT_EQ(fs::hard_link_count(root_ / "into/a"), 2U);
    EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "into"), {}), 2);
  }
}

TEST_F(FileSession, a_file_is_replaced_in_one_step_and_keeps_its_mode) {
  const std::string bytes(1'000'000, 'x');
  EXPECT_EQ(run(SessionKind::write_file, root_ / "file", bytes).exit->code, 0);
  EXPECT_EQ(fs::status(root_ / "file").permissions(), fs::perms(0644));
  EXPECT_EQ(run(SessionKind::read_file, root_ / "file").output, bytes);
  fs::permissions(root_ / "file", fs::perms(0750));
  EXPECT_EQ(run(SessionKind::write_file, root_ / "file", "short").exit->code, 0);
  EXPECT_EQ(read("file"), "short");
  EXPECT_EQ(fs::status(root_ / "file").permissions(), fs::perms(0750));
}

TEST_F(FileSession, a_file_that_did_not_arrive_whole_replaces_nothing) {
  write("file", "old");
  const auto session = host_.open({.kind = SessionKind::write_file, .path = root_ / "file"});
  host_.input(session, 0, "new");
  host_.next(wire::FrameType::input_acknowledged);
  host_.close(session);
  // It is gone when no child of the agent is left but the one that looks.
  std::string children = "x";
  while (!children.empty()) {
    children =
        host_.run(shell("for p in $(cat /proc/$PPID/task/$PPID/children); do [ $p = $$ ] || echo $p; done")).output;
  }
  EXPECT_EQ(read("file"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(FileSession, a_file_cannot_be_written_where_there_is_no_place_for_it) {
  EXPECT_EQ(run(SessionKind::write_file, root_, "x").error, "'" + root_.string() + "' is a folder\n");
  EXPECT_EQ(run(SessionKind::write_file, root_ / "", "x").error,
            "'" + (root_ / "").string() + "' does not name a file\n");
  EXPECT_THAT(run(SessionKind::write_file, root_ / "no/such", "x").error, HasSubstr("cannot open the folder"));
}

}  // namespace
}  // namespace berth::agent
