// SPDX-License-Identifier: Apache-2.0
// Clients that do not keep to SFTP.
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/sftp_server.h"
#include "agent/sftp_test_client.h"
#include "base/error.h"

namespace berth::agent {
namespace {

using enum SftpType;
using Request = SftpRequest;

int open_descriptors() {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST(SftpHostile, a_request_before_the_greeting_ends_the_server) {
  SftpServer server;
  const std::string packet = Request(lstat).text("/").packet();
  EXPECT_THROW(server.handle(std::string_view(packet).substr(4)), Error);
}

TEST(SftpHostile, every_request_that_is_cut_off_anywhere_is_a_bad_message) {
  SftpTestClient client;
  for (const SftpType type :
       {SftpType::open, close, SftpType::read, SftpType::write, lstat, fstat, setstat, fsetstat, opendir, readdir,
        SftpType::remove, mkdir, rmdir, realpath, stat, SftpType::rename, SftpType::readlink, SftpType::symlink}) {
    // Nothing, a text that is longer than the packet, and half a length.
    EXPECT_EQ(client.status(Request(type)), SftpStatus::bad_message) << static_cast<int>(type);
    EXPECT_EQ(client.status(Request(type).number(0xffffffff)), SftpStatus::bad_message) << static_cast<int>(type);
    EXPECT_EQ(client.status(Request(type).number(9).number(0)), SftpStatus::bad_message) << static_cast<int>(type);
  }
  EXPECT_EQ(client.status(Request(setstat).text("/none").number(0x80000000).number(0xffffffff)),
            SftpStatus::bad_message);
  EXPECT_EQ(client.status(Request(lstat).text(std::string_view("/\0x", 3))), SftpStatus::bad_message);
  EXPECT_EQ(client.status(Request(extended)), SftpStatus::bad_message);
  for (const char* name : {"hardlink@openssh.com", "posix-rename@openssh.com", "statvfs@openssh.com", "copy-data",
                           "fsync@openssh.com", "users-groups-by-id@openssh.com"}) {
    EXPECT_EQ(client.status(Request::extended(name)), SftpStatus::bad_message) << name;
  }
}

TEST(SftpHostile, what_is_unknown_is_unsupported) {
  SftpTestClient client;
  for (int type = 0; type < 256; ++type) {
    if ((type > 20 || type == 2 || type == 0) && type != static_cast<int>(extended)) {
      EXPECT_EQ(client.status(Request(static_cast<SftpType>(type)).text("x")), SftpStatus::unsupported) << type;
    }
  }
  EXPECT_EQ(client.status(Request::extended("no-such@openssh.com")), SftpStatus::unsupported);
}

TEST(SftpHostile, a_handle_that_is_not_open_is_a_failure) {
  SftpTestClient client;
  const std::string closed = client.handle(Request(opendir).text("/"));
  EXPECT_EQ(client.close(closed), SftpStatus::ok);
  const std::string other = client.handle(Request(opendir).text("/"));
  EXPECT_NE(other, closed);
  for (const std::string& wrong : {closed, std::string(), std::string("x"), std::string(4, '\xff'),
                                   std::string(8, '\0'), std::string(100'000, 'h')}) {
    EXPECT_EQ(client.close(wrong), SftpStatus::failure);
    EXPECT_EQ(client.status(Request(SftpType::read).text(wrong).long_number(0).number(1)), SftpStatus::failure);
    EXPECT_EQ(client.write(wrong, 0, "x"), SftpStatus::failure);
    EXPECT_EQ(client.status(Request(readdir).text(wrong)), SftpStatus::failure);
    EXPECT_EQ(client.status(Request(fstat).text(wrong)), SftpStatus::failure);
    EXPECT_EQ(client.status(Request(fsetstat).text(wrong).attributes({})), SftpStatus::failure);
  }
}

TEST(SftpHostile, a_folder_is_no_file_and_a_file_no_folder) {
  SftpTestClient client;
  const std::string folder = client.handle(Request(opendir).text("/"));
  const std::string file = client.open("/dev/null", sftp_reading);
  EXPECT_EQ(client.status(Request(SftpType::read).text(folder).long_number(0).number(1)), SftpStatus::failure);
  EXPECT_EQ(client.write(folder, 0, "x"), SftpStatus::failure);
  EXPECT_EQ(client.status(Request(readdir).text(file)), SftpStatus::failure);
  EXPECT_EQ(client.status(Request(opendir).text("/dev/null")), SftpStatus::no_such_file);
}

TEST(SftpHostile, only_so_much_can_be_open_and_all_of_it_is_closed_in_the_end) {
  const int before = open_descriptors();
  {
    SftpTestClient client;
    std::string last;
    for (std::size_t count = 0; count < SftpHandles::most; ++count) {
      last = count % 2 == 0 ? client.open("/dev/null", sftp_reading) : client.handle(Request(opendir).text("/"));
    }
    const SftpReply reply = client.ask(Request(SftpType::open).text("/dev/null").number(sftp_reading).attributes({}));
    SftpFields fields(reply.fields);
    EXPECT_EQ(static_cast<SftpStatus>(fields.number()), SftpStatus::failure);
    EXPECT_EQ(fields.text(), "256 files and folders are open, close some first");
    EXPECT_EQ(client.status(Request(opendir).text("/")), SftpStatus::failure);
    EXPECT_EQ(client.close(last), SftpStatus::ok);
    client.open("/dev/null", sftp_reading);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SftpHostile, offsets_and_sizes_beyond_all_files_are_statuses) {
  SftpTestClient client;
  const std::string zero = client.open("/dev/zero", sftp_reading);
  EXPECT_EQ(client.read(zero, 0, 0xffffffff).size(), sftp_longest_data);
  EXPECT_EQ(client.read(zero, 0, 0), "");
  const std::string self = client.open("/proc/self/exe", sftp_reading);
  for (const std::uint64_t offset : {0x8000000000000000U, 0xffffffffffffffffU}) {
    EXPECT_EQ(client.status(Request(SftpType::read).text(self).long_number(offset).number(1)), SftpStatus::bad_message);
  }
  EXPECT_EQ(client.read(self, 0x7fffffffffff0000U, 10), "");
  EXPECT_EQ(client.status(Request(fsetstat).text(self).attributes({.size = ~0ULL})), SftpStatus::bad_message);
}

TEST(SftpHostile, bytes_after_the_fields_are_not_looked_at) {
  SftpTestClient client;
  EXPECT_TRUE(client.attributes(Request(stat).text("/").text("more").number(1)).mode.has_value());
}

TEST(SftpHostile, a_second_greeting_is_answered_again) {
  SftpTestClient client;
  client.server().handle(std::string_view("\x01\0\0\0\x03", 5));
  EXPECT_GT(client.server().replies().size(), 9U);
}

}  // namespace
}  // namespace berth::agent
