// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "agent/sftp_test_client.h"
#include "base/error.h"
#include "base/ids.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;
using enum SftpType;
using Request = SftpRequest;

// A folder of its own for each test, and a client of a server in this process.
class SftpServerTest : public testing::Test {
 protected:
  SftpServerTest() { fs::create_directories(root_); }
  ~SftpServerTest() override { fs::remove_all(root_); }

  std::string path(std::string_view name) const { return (root_ / name).string(); }
  void write(const fs::path& name, std::string_view text) { std::ofstream(root_ / name) << text; }
  std::string read(const fs::path& name) {
    std::ifstream file(root_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string open(std::string_view name, std::uint32_t flags) { return client_.open(path(name), flags); }
  // Names and their lines, through as many requests as it takes.
  std::map<std::string, std::string> list(const std::string& folder);

  const fs::path root_ = fs::canonical(testing::TempDir()) / ("berth-sftp-" + random_name(12));
  SftpTestClient client_;
};

std::map<std::string, std::string> SftpServerTest::list(const std::string& folder) {
  std::map<std::string, std::string> lines;
  const std::string handle = client_.handle(Request(opendir).text(folder));
  while (true) {
    const SftpReply reply = client_.ask(Request(readdir).text(handle));
    SftpFields fields(reply.fields);
    if (reply.type == SftpType::status) {
      EXPECT_EQ(static_cast<SftpStatus>(fields.number()), SftpStatus::end_of_file);
      EXPECT_EQ(client_.close(handle), SftpStatus::ok);
      return lines;
    }
    EXPECT_LT(reply.fields.size(), 64U * 1024);
    for (std::uint32_t count = fields.number(); count > 0; --count) {
      const std::string name(fields.text());
      EXPECT_TRUE(lines.emplace(name, fields.text()).second) << name;
      EXPECT_TRUE(fields.attributes().mode.has_value());
    }
    EXPECT_TRUE(fields.empty());
  }
}

TEST_F(SftpServerTest, greets_with_version_3_and_what_it_knows_beyond) {
  SftpServer server;
  server.handle(std::string_view("\x01\0\0\0\x06", 5));
  SftpFields fields(server.replies().bytes());
  EXPECT_EQ(fields.number(), server.replies().size() - 4);
  EXPECT_EQ(fields.byte(), 2);
  EXPECT_EQ(fields.number(), 3U);
  std::map<std::string, std::string> extensions;
  while (!fields.empty()) {
    const std::string name(fields.text());
    extensions[name] = fields.text();
  }
  EXPECT_EQ(extensions["posix-rename@openssh.com"], "1");
  EXPECT_EQ(extensions["statvfs@openssh.com"], "2");
  EXPECT_EQ(extensions["limits@openssh.com"], "1");
}

TEST_F(SftpServerTest, writes_and_reads_a_file_at_any_offset) {
  const std::string handle = open("file", sftp_reading | sftp_writing | sftp_creating);
  EXPECT_EQ(client_.write(handle, 0, "hello world"), SftpStatus::ok);
  EXPECT_EQ(client_.write(handle, 6, "there"), SftpStatus::ok);
  EXPECT_EQ(client_.write(handle, 5'000'000'000, "end"), SftpStatus::ok);
  EXPECT_EQ(client_.read(handle, 0, 11), "hello there");
  EXPECT_EQ(client_.read(handle, 5'000'000'001, 100), "nd");
  EXPECT_EQ(client_.read(handle, 5'000'000'003, 100), "");
  EXPECT_EQ(client_.attributes(Request(fstat).text(handle)).size, 5'000'000'003U);
  EXPECT_EQ(client_.status(Request::extended("fsync@openssh.com").text(handle)), SftpStatus::ok);
  EXPECT_EQ(client_.close(handle), SftpStatus::ok);
  EXPECT_EQ(fs::file_size(root_ / "file"), 5'000'000'003U);
}

TEST_F(SftpServerTest, cuts_large_reads_and_takes_large_writes) {
  const std::string handle = open("file", sftp_reading | sftp_writing | sftp_creating);
  std::string bytes(sftp_longest_data, '\0');
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(at * 31 >> 3);
  }
  EXPECT_EQ(client_.write(handle, 0, bytes), SftpStatus::ok);
  EXPECT_EQ(client_.write(handle, bytes.size(), bytes), SftpStatus::ok);
  EXPECT_TRUE(client_.read(handle, 0, 0xffffffff) == bytes);
  EXPECT_TRUE(client_.read(handle, bytes.size(), sftp_longest_data) == bytes);
}

TEST_F(SftpServerTest, opens_as_it_is_told) {
  write("file", "old");
  const auto refused = [&](std::string_view name, std::uint32_t flags) {
    return client_.status(Request(SftpType::open).text(path(name)).number(flags).attributes({}));
  };
  EXPECT_EQ(refused("none", sftp_reading), SftpStatus::no_such_file);
  EXPECT_EQ(refused("file/below", sftp_reading), SftpStatus::no_such_file);
  EXPECT_EQ(refused("file", sftp_writing | sftp_creating | sftp_exclusively), SftpStatus::failure);
  EXPECT_EQ(refused("", sftp_writing), SftpStatus::failure);  // a folder
  EXPECT_EQ(refused(std::string(300, 'x'), sftp_writing | sftp_creating), SftpStatus::bad_message);
  EXPECT_EQ(client_.write(open("file", sftp_reading), 0, "x"), SftpStatus::failure);
  EXPECT_EQ(client_.write(open("file", sftp_writing | sftp_appending), 0, "+"), SftpStatus::ok);
  EXPECT_EQ(read("file"), "old+");
  open("file", sftp_writing | sftp_truncating);
  EXPECT_EQ(read("file"), "");
  const auto mode = SftpAttributes{.mode = 0100750};
  client_.handle(Request(SftpType::open).text(path("new")).number(sftp_writing | sftp_creating).attributes(mode));
  EXPECT_EQ(fs::status(root_ / "new").permissions(), fs::perms(0750));
}

TEST_F(SftpServerTest, does_not_wait_for_the_other_end_of_a_fifo) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  open("fifo", sftp_reading);
  const auto writing = Request(SftpType::open).text(path("fifo2")).number(sftp_writing).attributes({});
  ASSERT_EQ(::mkfifo(path("fifo2").c_str(), 0600), 0);
  EXPECT_EQ(client_.status(writing), SftpStatus::failure);
}

TEST_F(SftpServerTest, says_no_more_than_ENOSPC_when_the_disk_is_full) {
  const std::string handle = client_.open("/dev/full", sftp_writing);
  const SftpReply reply = client_.ask(Request(SftpType::write).text(handle).long_number(0).text("x"));
  SftpFields fields(reply.fields);
  EXPECT_EQ(static_cast<SftpStatus>(fields.number()), SftpStatus::failure);
  EXPECT_EQ(fields.text(), "No space left on device");
}

TEST_F(SftpServerTest, tells_attributes_of_a_link_and_of_what_it_leads_to) {
  write("file", "12345");
  fs::permissions(root_ / "file", fs::perms(0640));
  fs::create_symlink("file", root_ / "link");
  fs::create_symlink("none", root_ / "dangling");
  const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 3'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("file").c_str(), times, 0), 0);
  const SftpAttributes file = client_.attributes(Request(stat).text(path("link")));
  EXPECT_EQ(file.size, 5U);
  EXPECT_EQ(file.mode, 0100640U);
  EXPECT_EQ(file.owner->user, ::geteuid());
  EXPECT_EQ(file.times->accessed, 1'000'000'000U);
  EXPECT_EQ(file.times->modified, 3'000'000'000U);
  EXPECT_EQ(client_.attributes(Request(lstat).text(path("link"))).mode, 0120777U);
  EXPECT_EQ(client_.status(Request(stat).text(path("dangling"))), SftpStatus::no_such_file);
}

TEST_F(SftpServerTest, sets_attributes_of_paths_links_and_what_is_open) {
  write("file", "12345");
  fs::create_symlink("file", root_ / "link");
  const SftpAttributes wanted = {
      .size = 3, .owner = {}, .mode = 0755, .times = SftpTimes{.accessed = 11, .modified = 12}};
  EXPECT_EQ(client_.status(Request(setstat).text(path("link")).attributes(wanted)), SftpStatus::ok);
  SftpAttributes now = client_.attributes(Request(stat).text(path("file")));
  EXPECT_EQ(now.size, 3U);
  EXPECT_EQ(now.mode, 0100755U);
  EXPECT_EQ(now.times->modified, 12U);

  const auto of_link = SftpAttributes{.times = SftpTimes{.accessed = 21, .modified = 22}};
  const auto lsetstat = Request::extended("lsetstat@openssh.com").text(path("link"));
  EXPECT_EQ(client_.status(Request(lsetstat).attributes(of_link)), SftpStatus::ok);
  EXPECT_EQ(client_.attributes(Request(lstat).text(path("link"))).times->modified, 22U);
  EXPECT_EQ(client_.attributes(Request(stat).text(path("link"))).times->modified, 12U);
  EXPECT_EQ(client_.status(Request(lsetstat).attributes({.size = 1})), SftpStatus::bad_message);

  const std::string handle = open("file", sftp_reading | sftp_writing);
  const SftpAttributes again = {.size = 10, .mode = 04711, .times = SftpTimes{.accessed = 31, .modified = 32}};
  EXPECT_EQ(client_.status(Request(fsetstat).text(handle).attributes(again)), SftpStatus::ok);
  now = client_.attributes(Request(fstat).text(handle));
  EXPECT_EQ(now.size, 10U);
  EXPECT_EQ(now.mode, 0104711U);
  EXPECT_EQ(now.times->accessed, 31U);
  EXPECT_EQ(client_.status(Request(setstat).text(path("none")).attributes(again)), SftpStatus::no_such_file);
}

TEST_F(SftpServerTest, a_change_of_owner_does_not_undo_the_mode_given_with_it) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root may change owners";
  }
  write("file", "");
  const SftpAttributes wanted = {.owner = SftpOwner{.user = 12, .group = 34}, .mode = 06755};
  EXPECT_EQ(client_.status(Request(setstat).text(path("file")).attributes(wanted)), SftpStatus::ok);
  const SftpAttributes now = client_.attributes(Request(stat).text(path("file")));
  EXPECT_EQ(now.owner->user, 12U);
  EXPECT_EQ(now.owner->group, 34U);
  EXPECT_EQ(now.mode, 0106755U);
}

TEST_F(SftpServerTest, the_first_fault_is_told_and_the_other_attributes_are_set_all_the_same) {
  fs::create_directories(root_ / "folder");
  const SftpAttributes wanted = {.size = 1, .mode = 0711};
  EXPECT_EQ(client_.status(Request(setstat).text(path("folder")).attributes(wanted)), SftpStatus::failure);
  EXPECT_EQ(fs::status(root_ / "folder").permissions(), fs::perms(0711));
}

TEST_F(SftpServerTest, makes_and_removes_folders_and_files) {
  EXPECT_EQ(client_.status(Request(mkdir).text(path("folder")).attributes({.mode = 040700})), SftpStatus::ok);
  EXPECT_EQ(fs::status(root_ / "folder").permissions(), fs::perms(0700));
  EXPECT_EQ(client_.status(Request(mkdir).text(path("folder")).attributes({})), SftpStatus::failure);
  EXPECT_EQ(client_.status(Request(mkdir).text(path("no/such")).attributes({})), SftpStatus::no_such_file);
  write("folder/file", "");
  EXPECT_EQ(client_.status(Request(rmdir).text(path("folder"))), SftpStatus::failure);
  EXPECT_EQ(client_.status(Request(SftpType::remove).text(path("folder"))), SftpStatus::failure);
  EXPECT_EQ(client_.status(Request(SftpType::remove).text(path("folder/file"))), SftpStatus::ok);
  EXPECT_EQ(client_.status(Request(SftpType::remove).text(path("folder/file"))), SftpStatus::no_such_file);
  EXPECT_EQ(client_.status(Request(rmdir).text(path("folder"))), SftpStatus::ok);
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(SftpServerTest, lists_a_folder_as_ls_does) {
  write("file", "12345");
  fs::permissions(root_ / "file", fs::perms(04750));
  fs::create_directories(root_ / "folder");
  fs::permissions(root_ / "folder", fs::perms(01777));
  fs::create_symlink("file", root_ / "link");
  const timespec old[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("folder").c_str(), old, 0), 0);
  const auto lines = list(root_.string());
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_TRUE(lines.contains(".") && lines.contains(".."));
  EXPECT_THAT(lines.at("file"),
              MatchesRegex("-rwsr-x---   1 [a-z0-9_-]+ +[a-z0-9_-]+ +5 [A-Z][a-z]+ [ 0-9]+ [0-9]+:[0-9]+ file"));
  EXPECT_THAT(lines.at("folder"), MatchesRegex("drwxrwxrwt .* Sep +[0-9]+  2001 folder"));
  EXPECT_THAT(lines.at("link"), MatchesRegex("lrwxrwxrwx .* link"));
  if (::geteuid() == 0) {
    EXPECT_THAT(lines.at("file"), HasSubstr(" root     root "));
  }
}

TEST_F(SftpServerTest, lists_many_files_in_several_replies) {
  for (int number = 0; number < 2000; ++number) {
    write("file " + std::to_string(number) + std::string(100, 'x'), "");
  }
  EXPECT_EQ(list(root_.string()).size(), 2002U);
  EXPECT_EQ(client_.status(Request(opendir).text(path("none"))), SftpStatus::no_such_file);
}

TEST_F(SftpServerTest, names_with_any_bytes_come_back_as_they_are) {
  for (const std::string name : {"with space", "new\nline", "grüße", "bad\xff", "'\"*?[", "-rf"}) {
    client_.close(open(name, sftp_writing | sftp_creating));
    EXPECT_TRUE(fs::exists(root_ / name)) << name;
    EXPECT_TRUE(list(root_.string()).contains(name)) << name;
    EXPECT_EQ(client_.name(Request(realpath).text(path(name))), path(name));
  }
}

TEST_F(SftpServerTest, renames_to_a_new_name_only_and_replaces_where_asked_to) {
  write("a", "a");
  write("b", "b");
  EXPECT_EQ(client_.status(Request(SftpType::rename).text(path("a")).text(path("b"))), SftpStatus::failure);
  EXPECT_EQ(read("b"), "b");
  EXPECT_EQ(client_.status(Request(SftpType::rename).text(path("a")).text(path("c"))), SftpStatus::ok);
  EXPECT_EQ(read("c"), "a");
  const auto replace = Request::extended("posix-rename@openssh.com").text(path("c")).text(path("b"));
  EXPECT_EQ(client_.status(replace), SftpStatus::ok);
  EXPECT_EQ(client_.status(replace), SftpStatus::no_such_file);
  EXPECT_EQ(read("b"), "a");
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(SftpServerTest, makes_links_in_the_order_of_the_stock_clients) {
  write("file", "x");
  EXPECT_EQ(client_.status(Request(SftpType::symlink).text("file").text(path("link"))), SftpStatus::ok);
  EXPECT_EQ(fs::read_symlink(root_ / "link"), "file");
  EXPECT_EQ(client_.name(Request(SftpType::readlink).text(path("link"))), "file");
  EXPECT_EQ(client_.status(Request(SftpType::readlink).text(path("file"))), SftpStatus::bad_message);
  const auto hard = Request::extended("hardlink@openssh.com").text(path("file")).text(path("twin"));
  EXPECT_EQ(client_.status(hard), SftpStatus::ok);
  EXPECT_EQ(fs::hard_link_count(root_ / "file"), 2U);
}

TEST_F(SftpServerTest, finds_the_real_path_also_of_what_is_still_to_be_made) {
  fs::create_directories(root_ / "folder");
  fs::create_symlink("folder", root_ / "link");
  const auto real = [&](std::string_view wanted) { return client_.name(Request(realpath).text(wanted)); };
  EXPECT_EQ(real("."), fs::current_path().string());
  EXPECT_EQ(real(""), fs::current_path().string());
  EXPECT_EQ(real("new"), (fs::current_path() / "new").string());
  EXPECT_EQ(real(path("link/../folder/.")), path("folder"));
  EXPECT_EQ(real(path("link/new")), path("folder/new"));
  EXPECT_EQ(real("/"), "/");
  EXPECT_EQ(real("/new-and-not-there"), "/new-and-not-there");
  for (const char* wrong : {"none/new", "none/..", "none/.", "none/"}) {
    EXPECT_EQ(client_.status(Request(realpath).text(path(wrong))), SftpStatus::no_such_file) << wrong;
  }
}

TEST_F(SftpServerTest, expands_homes) {
  ASSERT_EQ(::setenv("HOME", root_.c_str(), 1), 0);
  const auto expand = [](std::string_view wanted) { return Request::extended("expand-path@openssh.com").text(wanted); };
  EXPECT_EQ(client_.name(expand("~")), root_.string());
  EXPECT_EQ(client_.name(expand("~/x")), path("x"));
  EXPECT_EQ(client_.name(expand("~root")), client_.name(Request::extended("home-directory").text("root")));
  EXPECT_EQ(client_.name(expand("x")), (fs::current_path() / "x").string());
  EXPECT_EQ(client_.status(expand("~nobody-at-all/x")), SftpStatus::no_such_file);
  EXPECT_EQ(client_.name(Request::extended("home-directory").text("")), root_.string());
}

TEST_F(SftpServerTest, tells_the_room_of_the_file_system) {
  struct statvfs expected{};
  ASSERT_EQ(::statvfs(root_.c_str(), &expected), 0);
  const std::string handle = client_.handle(Request(opendir).text(root_.string()));
  for (const Request& request : {Request::extended("statvfs@openssh.com").text(root_.string()),
                                 Request::extended("fstatvfs@openssh.com").text(handle)}) {
    const SftpReply reply = client_.ask(request);
    ASSERT_EQ(reply.type, extended_reply);
    ASSERT_EQ(reply.fields.size(), 11U * 8);
    SftpFields fields(reply.fields);
    EXPECT_EQ(fields.long_number(), expected.f_bsize);
    EXPECT_EQ(fields.long_number(), expected.f_frsize);
    EXPECT_EQ(fields.long_number(), expected.f_blocks);
  }
}

TEST_F(SftpServerTest, tells_its_limits) {
  const SftpReply reply = client_.ask(Request::extended("limits@openssh.com"));
  ASSERT_EQ(reply.type, extended_reply);
  SftpFields fields(reply.fields);
  EXPECT_EQ(fields.long_number(), 256U * 1024);
  EXPECT_EQ(fields.long_number(), 255U * 1024);
  EXPECT_EQ(fields.long_number(), 255U * 1024);
  EXPECT_EQ(fields.long_number(), 256U);
}

TEST_F(SftpServerTest, names_users_and_groups_by_number) {
  const std::string ids("\0\0\0\0\x7f\xff\xff\xfe", 8);
  const SftpReply reply =
      client_.ask(Request::extended("users-groups-by-id@openssh.com").text(ids).text(ids.substr(0, 4)));
  ASSERT_EQ(reply.type, extended_reply);
  SftpFields fields(reply.fields);
  SftpFields users(fields.text());
  EXPECT_EQ(users.text(), "root");
  EXPECT_EQ(users.text(), "");
  EXPECT_TRUE(users.empty());
  EXPECT_EQ(SftpFields(fields.text()).text(), "root");
  const auto too_many = Request::extended("users-groups-by-id@openssh.com").text(std::string(200'000, '\0')).text("");
  EXPECT_EQ(client_.status(too_many), SftpStatus::failure);
  EXPECT_EQ(client_.status(Request::extended("users-groups-by-id@openssh.com").text("abc").text("")),
            SftpStatus::bad_message);
}

TEST_F(SftpServerTest, copies_data_between_files) {
  write("from", "0123456789");
  const std::string from = open("from", sftp_reading);
  const std::string to = open("to", sftp_reading | sftp_writing | sftp_creating);
  const auto copy = [&](std::string_view source, std::uint64_t at, std::uint64_t length, std::uint64_t into) {
    return client_.status(
        Request::extended("copy-data").text(source).long_number(at).long_number(length).text(to).long_number(into));
  };
  EXPECT_EQ(copy(from, 0, 0, 0), SftpStatus::ok);
  EXPECT_EQ(read("to"), "0123456789");
  EXPECT_EQ(copy(from, 2, 3, 9), SftpStatus::ok);
  EXPECT_EQ(read("to"), "012345678234");
  EXPECT_EQ(copy(to, 0, 0, 5), SftpStatus::bad_message);  // it would never end
}

}  // namespace
}  // namespace berth::agent
