// SPDX-License-Identifier: Apache-2.0
// The stock clients of OpenSSH, connected to `berth-agent sftp` without ssh in between (option -D).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "base/ids.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;

struct Outcome {
  int code = 0;
  std::string output;  // and errors
};

Outcome run(const std::string& command) {
  FILE* const pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "re");
  Outcome outcome;
  std::array<char, 4096> part;
  std::size_t count = 0;
  while ((count = std::fread(part.data(), 1, part.size(), pipe)) > 0) {
    outcome.output.append(part.data(), count);
  }
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

// Two folders of each test's own: what is "here" at the client and "there" at the server.
class SftpClient : public testing::Test {
 protected:
  SftpClient() {
    fs::create_directories(root_ / "here");
    fs::create_directories(root_ / "there");
  }
  ~SftpClient() override { fs::remove_all(root_); }

  // The commands of `sftp`, which are done in both folders and end at the first that fails.
  Outcome sftp(const std::string& commands) {
    std::ofstream(root_ / "batch") << "cd " << (root_ / "there").string() << "\nlcd " << (root_ / "here").string()
                                   << "\n"
                                   << commands;
    return run("sftp -q -b '" + (root_ / "batch").string() + "' -D '" BERTH_AGENT_PROGRAM " sftp'");
  }
  void expect_fine(const std::string& commands) {
    const Outcome outcome = sftp(commands);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
  }
  void write(const fs::path& name, std::string_view text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  std::string read(const fs::path& name) {
    std::ifstream file(root_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool same(const fs::path& one, const fs::path& other) {
    return run("cmp '" + (root_ / one).string() + "' '" + (root_ / other).string() + "'").code == 0;
  }

  const fs::path root_ = fs::canonical(testing::TempDir()) / ("berth-sftp-" + random_name(12));
};

std::string noise(std::size_t size) {
  std::minstd_rand random(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random() >> 8);
  }
  return bytes;
}

TEST_F(SftpClient, puts_and_gets_a_file_with_its_mode_and_time) {
  const std::string bytes = noise(3'000'001);
  write("here/file", bytes);
  fs::permissions(root_ / "here/file", fs::perms(0750));
  const timespec times[2] = {{.tv_sec = 1'000'000'000, .tv_nsec = 0}, {.tv_sec = 1'100'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / "here/file").c_str(), times, 0), 0);
  expect_fine("put -p file copy\nget -p copy back\nput -f file flushed\n");
  EXPECT_TRUE(read("there/copy") == bytes);
  EXPECT_TRUE(read("here/back") == bytes);
  EXPECT_TRUE(read("there/flushed") == bytes);
  struct stat status{};
  ASSERT_EQ(::stat((root_ / "here/back").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750U);
  EXPECT_EQ(status.st_mtime, 1'100'000'000);
}

TEST_F(SftpClient, takes_up_where_a_transfer_stopped) {
  const std::string bytes = noise(1'000'000);
  write("here/up", bytes);
  write("there/up", bytes.substr(0, 300'000));
  write("there/down", bytes);
  write("here/down", bytes.substr(0, 700'001));
  expect_fine("reput up\nreget down\n");
  EXPECT_TRUE(read("there/up") == bytes);
  EXPECT_TRUE(read("here/down") == bytes);
}

TEST_F(SftpClient, changes_what_is_there) {
  write("there/file", "x");
  expect_fine(
      "mkdir folder\nrename file folder/other\nchmod 600 folder/other\nln -s other folder/link\n"
      "ln folder/other twin\ncp folder/other copied\n");
  EXPECT_EQ(fs::status(root_ / "there/folder/other").permissions(), fs::perms(0600));
  EXPECT_EQ(fs::read_symlink(root_ / "there/folder/link"), "other");
  EXPECT_EQ(fs::hard_link_count(root_ / "there/twin"), 2U);
  EXPECT_EQ(read("there/copied"), "x");
  expect_fine("rm folder/*\nrm twin\nrm copied\nrmdir folder\n");
  EXPECT_TRUE(fs::is_empty(root_ / "there"));
}

TEST_F(SftpClient, lists_and_tells_the_room_that_is_left) {
  write("there/file", "12345");
  write("there/.hidden", "");
  const Outcome outcome = sftp("pwd\nls\nls -la\nls -ln\ndf\ndf -hi\n");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("Remote working directory: " + (root_ / "there").string() + "\n"));
  EXPECT_THAT(outcome.output, ContainsRegex("-rw[^\n]* +[a-z0-9_-]+ +[a-z0-9_-]+ +5 [A-Z][^\n]* file\n"));
  EXPECT_THAT(outcome.output, ContainsRegex("drwx[^\n]* \\.\\.\n"));
  EXPECT_THAT(outcome.output, HasSubstr(".hidden\n"));
  EXPECT_THAT(outcome.output, ContainsRegex("Avail"));
}

TEST_F(SftpClient, says_what_is_wrong) {
  EXPECT_THAT(sftp("get none\n").output, HasSubstr("not found"));
  EXPECT_THAT(sftp("rmdir none\n").output, HasSubstr("No such file or directory"));
  write("there/folder/file", "");
  EXPECT_THAT(sftp("rmdir folder\n").output, HasSubstr("Failure"));
  EXPECT_NE(sftp("rmdir folder\n").code, 0);
}

TEST_F(SftpClient, moves_trees_both_ways_whatever_their_files_are_called) {
  for (int number = 0; number < 300; ++number) {
    write("here/tree/" + std::to_string(number % 7) + "/deep/" + std::to_string(number), std::to_string(number));
  }
  for (const std::string name : {"with space", "new\nline", "grüße", "bad\xff", "star*[?]", "quote'\"\\", "empty"}) {
    write("here/tree/" + name, name == "empty" ? "" : name);
  }
  fs::create_directories(root_ / "here/tree/nothing");
  expect_fine("mkdir tree\nput -r tree\nget -r tree back\n");
  EXPECT_EQ(run("diff -r '" + (root_ / "here/tree").string() + "' '" + (root_ / "there/tree").string() + "'").output,
            "");
  EXPECT_EQ(run("diff -r '" + (root_ / "here/tree").string() + "' '" + (root_ / "here/back").string() + "'").output,
            "");
  expect_fine("get \"tree/with space\"\nrm \"tree/with space\"\nput \"with space\" \"tree/other name\"\n");
  EXPECT_EQ(read("there/tree/other name"), "with space");
}

TEST_F(SftpClient, moves_a_sparse_file_of_100_megabytes) {
  write("here/sparse", "begin");
  std::fstream file(root_ / "here/sparse", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(51'234'567);
  file << noise(10'000);
  file.close();
  fs::resize_file(root_ / "here/sparse", 100'000'000);
  expect_fine("put sparse\nget sparse back\n");
  EXPECT_EQ(fs::file_size(root_ / "there/sparse"), 100'000'000U);
  EXPECT_TRUE(same("here/sparse", "there/sparse"));
  EXPECT_TRUE(same("here/sparse", "here/back"));
}

TEST_F(SftpClient, works_with_small_and_with_many_requests) {
  write("here/file", noise(500'000));
  std::ofstream(root_ / "batch") << "put " << (root_ / "here/file").string() << " " << (root_ / "there/file").string()
                                 << "\nget " << (root_ / "there/file").string() << " " << (root_ / "here/back").string()
                                 << "\n";
  for (const char* options : {"-B 1000 -R 1", "-B 32768 -R 64", "-B 261120 -R 256"}) {
    const Outcome outcome = run("sftp -q " + std::string(options) + " -b '" + (root_ / "batch").string() +
                                "' -D '" BERTH_AGENT_PROGRAM " sftp'");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_TRUE(same("here/file", "here/back")) << options;
    fs::remove(root_ / "here/back");
    fs::remove(root_ / "there/file");
  }
}

TEST_F(SftpClient, scp_copies_there_and_back) {
  write("here/tree/a file", noise(100'000));
  // -D of scp takes no arguments, and "~" is where the server begins.
  std::ofstream(root_ / "server") << "#!/bin/sh\ncd '" << root_.string()
                                  << "' && exec '" BERTH_AGENT_PROGRAM "' sftp\n";
  fs::permissions(root_ / "server", fs::perms(0755));
  const std::string scp = "scp -q -p -r -s -D '" + (root_ / "server").string() + "' ";
  Outcome outcome = run(scp + "'" + (root_ / "here/tree").string() + "' any:'" + (root_ / "there").string() + "'");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  outcome = run(scp + "any:'~/there/tree/a file' '" + (root_ / "here/back").string() + "'");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_TRUE(same("here/tree/a file", "there/tree/a file"));
  EXPECT_TRUE(same("here/tree/a file", "here/back"));
}

}  // namespace
}  // namespace berth::agent
