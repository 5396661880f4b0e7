// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/layout_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>

#include "base/error.h"
#include "runtimes/local/scratch_folder.h"

namespace berth::runtimes::local {
namespace {

struct Member {
  std::string name;
  std::string content = {};
  unsigned type = AE_IFREG;
  std::string link = {};
};

const std::vector<Member> good = {
    {"oci-layout", "{}"}, {"index.json", "{}"}, {"blobs/", "", AE_IFDIR}, {"./blobs/sha256/abc", "layer"}};

std::vector<Member> good_and(Member more) {
  std::vector<Member> all = good;
  all.push_back(std::move(more));
  return all;
}

Descriptor file_of(std::string_view bytes) {
  Descriptor file(memfd_create("archive", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

Descriptor tar_of(const std::vector<Member>& members) {
  std::string bytes(4 << 20, '\0');
  std::size_t used = 0;
  archive* tar = archive_write_new();
  archive_write_set_format_pax(tar);
  archive_write_add_filter_gzip(tar);
  archive_write_open_memory(tar, bytes.data(), bytes.size(), &used);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, member.type);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    if (member.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, member.link.c_str());
    } else if (!member.link.empty()) {
      archive_entry_set_hardlink(entry, member.link.c_str());
    }
    archive_write_header(tar, entry);
    archive_write_data(tar, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(tar);
  archive_write_free(tar);
  return file_of(std::string_view(bytes).substr(0, used));
}

class LayoutArchive : public testing::Test {
 protected:
  ErrorKind failure_of(const Descriptor& file, Bytes most = 1_MiB) {
    const ScratchFolder scratch(parent);
    try {
      unpack_layout(file, scratch.path(), most, stop);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  }

  const ScratchFolder own{testing::TempDir()};
  const std::filesystem::path parent = own.path();
  std::atomic<bool> stop = false;
};

TEST_F(LayoutArchive, a_layout_is_unpacked_whole) {
  std::filesystem::path gone;
  {
    const ScratchFolder scratch(parent);
    unpack_layout(tar_of(good), scratch.path(), 1_MiB, stop);
    std::string content;
    std::ifstream(scratch.path() / "blobs/sha256/abc") >> content;
    EXPECT_EQ(content, "layer");
    EXPECT_EQ(scratch.size(), Bytes{9});
    gone = scratch.path();
  }
  EXPECT_FALSE(std::filesystem::exists(gone));
}

TEST_F(LayoutArchive, hostile_members_are_refused) {
  const auto outside = parent / "berth-outside";
  for (const Member& member : {Member{"../berth-outside", "x"},
                               {"a/../../berth-outside", "x"},
                               {outside.string(), "x"},
                               {"link", "", AE_IFLNK, "/etc"},
                               {"index.json2", "", AE_IFREG, "index.json"},
                               {"device", "", AE_IFCHR},
                               {"pipe", "", AE_IFIFO},
                               {"index.json", "twice"},
                               {"index.json/below", "x"},
                               {std::string(300, 'n'), "x"}}) {
    EXPECT_EQ(failure_of(tar_of(good_and(member))), ErrorKind::invalid_argument) << member.name;
  }
  EXPECT_FALSE(std::filesystem::exists(outside));
}

TEST_F(LayoutArchive, what_is_no_layout_or_no_tar_is_refused) {
  EXPECT_EQ(failure_of(tar_of({{"etc/passwd", "x"}})), ErrorKind::invalid_argument);
  EXPECT_EQ(failure_of(file_of("this is no archive")), ErrorKind::invalid_argument);
  EXPECT_EQ(failure_of(file_of("")), ErrorKind::invalid_argument);
}

TEST_F(LayoutArchive, its_size_is_bounded_however_well_it_is_compressed) {
  const auto zeros = tar_of(good_and({"zeros", std::string(2 << 20, '\0')}));
  EXPECT_EQ(failure_of(zeros), ErrorKind::too_large);
  EXPECT_EQ(failure_of(zeros, 3_MiB), ErrorKind::internal);  // none
}

TEST_F(LayoutArchive, it_stops_when_told) {
  stop = true;
  EXPECT_EQ(failure_of(tar_of(good)), ErrorKind::unavailable);
}

}  // namespace
}  // namespace berth::runtimes::local
