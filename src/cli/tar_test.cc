// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "cli/file_place.h"
#include "cli/tar_packer.h"
#include "cli/tar_unpacker.h"
#include "cli/temporary_folder.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

BodySource source_of(const std::string& bytes, std::size_t piece = 1000) {
  return [bytes, piece, at = std::size_t{0}](char* into, std::size_t size) mutable {
    const std::size_t count = std::min({size, piece, bytes.size() - at});
    std::copy_n(bytes.data() + at, count, into);
    at += count;
    return count;
  };
}

std::string packed(const fs::path& source, const std::string& name) {
  TarPacker packer(source, name);
  std::string bytes;
  std::string piece(777, '\0');
  while (const std::size_t count = packer.read(piece.data(), piece.size())) {
    bytes.append(piece, 0, count);
  }
  return bytes;
}

struct Entry {
  std::string name;
  unsigned type = AE_IFREG;
  std::string content;
  std::string link;
  std::string hard_link;
  unsigned mode = 0644;
};

// An archive as a hostile program may make it.
std::string archive_of(const std::vector<Entry>& entries) {
  std::string bytes(1024 * 1024, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const auto& one : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.name.c_str());
    archive_entry_set_filetype(entry, one.type);
    archive_entry_set_perm(entry, one.mode);
    archive_entry_set_size(entry, static_cast<la_int64_t>(one.content.size()));
    if (!one.link.empty()) {
      archive_entry_set_symlink(entry, one.link.c_str());
    }
    if (!one.hard_link.empty()) {
      archive_entry_set_hardlink(entry, one.hard_link.c_str());
    }
    EXPECT_GE(archive_write_header(writer, entry), ARCHIVE_WARN);
    archive_write_data(writer, one.content.data(), one.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

class Tar : public testing::Test {
 protected:
  TemporaryFolder folder;
  fs::path inside = folder.path() / "inside";
  fs::path outside = folder.path() / "outside";

  Tar() {
    fs::create_directory(inside);
    fs::create_directory(outside);
  }

  Unpacked unpack(const std::string& bytes, const std::string& expected = "top") {
    return unpack_tar(source_of(bytes), {.folder = inside, .expected = expected, .renamed = "got"});
  }

  // Whether it was refused, with nothing put outside.
  bool refused(const std::vector<Entry>& entries) {
    bool was_refused = false;
    try {
      unpack(archive_of(entries));
    } catch (const Error&) {
      was_refused = true;
    }
    EXPECT_TRUE(fs::is_empty(outside));
    return was_refused;
  }
};

TEST_F(Tar, a_folder_arrives_as_it_was) {
  const fs::path source = folder.path() / "source";
  const std::string long_name(150, 'n');
  fs::create_directories(source / "deep" / "empty");
  fs::create_directories(source / long_name / long_name);
  write_file(source / "big", std::string(300'000, 'b') + "end");
  write_file(source / "nothing", "");
  write_file(source / "deep" / "übung.txt", "x");
  write_file(source / long_name / long_name / "file", "far");
  fs::create_symlink("../big", source / "deep" / "link");
  fs::permissions(source / "big", fs::perms(0751));
  fs::permissions(source / "deep" / "empty", fs::perms(0555));
  fs::last_write_time(source / "big", fs::file_time_type::clock::now() - std::chrono::hours(100));

  const auto result = unpack(packed(source, "top"));
  const fs::path got = inside / "got";
  EXPECT_EQ(content_of(got / "big"), content_of(source / "big"));
  EXPECT_EQ(content_of(got / "nothing"), "");
  EXPECT_EQ(content_of(got / "deep" / "übung.txt"), "x");
  EXPECT_EQ(content_of(got / long_name / long_name / "file"), "far");
  EXPECT_EQ(fs::read_symlink(got / "deep" / "link"), "../big");
  EXPECT_EQ(fs::status(got / "big").permissions(), fs::perms(0751));
  EXPECT_EQ(fs::status(got / "deep" / "empty").permissions(), fs::perms(0555));
  EXPECT_NEAR(static_cast<double>((fs::last_write_time(got / "big") - fs::last_write_time(source / "big")).count()), 0,
              2e9);
  EXPECT_EQ(result.bytes, content_size(source));
}

TEST_F(Tar, a_single_file_gets_its_new_name_and_replaces_the_old) {
  write_file(outside / "a", "new");
  write_file(inside / "got", "old and longer");
  const auto result = unpack(packed(outside / "a", "top"));
  EXPECT_EQ(result.entries, 1U);
  EXPECT_EQ(content_of(inside / "got"), "new");
}

TEST_F(Tar, a_link_in_the_way_is_replaced_and_not_followed) {
  write_file(outside / "victim", "safe");
  fs::create_symlink(outside / "victim", inside / "got");
  unpack(archive_of({{.name = "top", .content = "evil"}}));
  EXPECT_EQ(content_of(outside / "victim"), "safe");
  EXPECT_EQ(content_of(inside / "got"), "evil");
}

TEST_F(Tar, names_that_leave_the_folder_are_refused) {
  EXPECT_TRUE(refused({{.name = "../outside/x", .content = "evil"}}));
  EXPECT_TRUE(refused({{.name = "top/../../outside/x", .content = "evil"}}));
  EXPECT_TRUE(refused({{.name = (outside / "x").string(), .content = "evil"}}));
  EXPECT_TRUE(refused({{.name = ".bashrc", .content = "evil"}}));
}

TEST_F(Tar, nothing_is_written_through_a_link_from_the_archive) {
  EXPECT_TRUE(refused({{.name = "top", .type = AE_IFDIR, .mode = 0755},
                       {.name = "top/way", .type = AE_IFLNK, .link = outside.string()},
                       {.name = "top/way/x", .content = "evil"}}));
  EXPECT_TRUE(refused({{.name = "top", .type = AE_IFDIR, .mode = 0755},
                       {.name = "top/way", .type = AE_IFLNK, .link = outside.string()},
                       {.name = "top/way", .type = AE_IFDIR, .mode = 0755}}));
}

TEST_F(Tar, a_hard_link_to_the_outside_is_refused) {
  EXPECT_TRUE(refused({{.name = "top", .hard_link = "../outside"}}));
  EXPECT_TRUE(refused({{.name = "top", .hard_link = "/etc/passwd"}}));
}

TEST_F(Tar, a_hard_link_within_the_archive_is_made) {
  unpack(archive_of({{.name = "top", .type = AE_IFDIR, .mode = 0755},
                     {.name = "top/a", .content = "same"},
                     {.name = "top/b", .hard_link = "top/a"},
                     {.name = "top/b", .hard_link = "top/a"}}));
  EXPECT_EQ(fs::hard_link_count(inside / "got" / "a"), 2U);
  EXPECT_EQ(content_of(inside / "got" / "b"), "same");
}

TEST_F(Tar, devices_are_left_out_and_set_id_bits_dropped) {
  const auto result = unpack(archive_of({{.name = "top", .type = AE_IFDIR, .mode = 0755},
                                         {.name = "top/null", .type = AE_IFCHR, .mode = 0666},
                                         {.name = "top/tool", .content = "x", .mode = 04755}}));
  EXPECT_EQ(result.skipped, 1U);
  EXPECT_FALSE(fs::exists(inside / "got" / "null"));
  EXPECT_EQ(fs::status(inside / "got" / "tool").permissions(), fs::perms(0755));
}

TEST_F(Tar, half_an_archive_is_an_error_and_leaves_no_half_file) {
  write_file(outside / "a", std::string(100'000, 'x'));
  const std::string whole = packed(outside / "a", "top");
  fs::remove(outside / "a");
  EXPECT_THROW(unpack(whole.substr(0, 50'000)), Error);
  EXPECT_TRUE(fs::is_empty(inside));
  EXPECT_THROW(unpack("this is no archive at all, however long it goes on: " + std::string(2000, 'x')), Error);
}

TEST_F(Tar, a_stream_that_breaks_is_not_the_end) {
  const std::string whole = archive_of({{.name = "top", .content = "x"}});
  const BodySource good = source_of(whole);
  const BodySource breaks = [&good](char* into, std::size_t size) {
    const std::size_t count = good(into, size);
    if (count == 0) {
      throw Error(ErrorKind::unavailable, "broken");
    }
    return count;
  };
  EXPECT_THROW(unpack_tar(breaks, {.folder = inside, .expected = "top", .renamed = "got"}), Error);
}

TEST_F(Tar, what_is_not_a_file_is_skipped_when_packing) {
  const fs::path source = folder.path() / "source";
  fs::create_directory(source);
  ASSERT_EQ(::mkfifo((source / "pipe").c_str(), 0600), 0);
  TarPacker packer(source, "top");
  std::string piece(4096, '\0');
  while (packer.read(piece.data(), piece.size()) > 0) {
  }
  EXPECT_EQ(packer.skipped(), 1U);
  EXPECT_THROW(TarPacker(source / "absent", "top"), Error);
}

TEST_F(Tar, the_first_entry_tells_what_a_path_is) {
  fs::create_directory(folder.path() / "d");
  write_file(folder.path() / "f", "x");
  EXPECT_EQ(first_tar_entry(source_of(packed(folder.path() / "d", "d"))), PathKind::folder);
  const std::string file = packed(folder.path() / "f", std::string(300, 'n'));
  TarStart start(source_of(file));
  EXPECT_EQ(start.kind(), PathKind::file);
  std::string again;
  std::string piece(100, '\0');
  while (const std::size_t count = start.read(piece.data(), piece.size())) {
    again.append(piece, 0, count);
  }
  EXPECT_EQ(again, file);
  EXPECT_THROW(first_tar_entry(source_of("short")), Error);
}

TEST(Place, a_colon_before_any_slash_means_an_instance) {
  const auto place = parse_place("box:/var//log/./x/../");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->instance, "box");
  EXPECT_EQ(place->path, "/var/log");
  EXPECT_TRUE(place->slash);
  EXPECT_EQ(parse_place("box:/")->path, "/");
  EXPECT_EQ(parse_place("box:/../..")->path, "/");
  EXPECT_FALSE(parse_place("./a:b"));
  EXPECT_FALSE(parse_place("file"));
  EXPECT_FALSE(parse_place("-"));
  EXPECT_THROW(parse_place("box:relative"), Error);
}

TEST(Place, copies_land_where_cp_puts_them) {
  const Source file{PathKind::file, "a"};
  const Source folder{PathKind::folder, "d"};
  const auto lands = [](const Source& source, const Target& target) {
    const auto landing = landing_of(source, target);
    return landing.folder + " " + landing.name;
  };
  EXPECT_EQ(lands(file, {"/x/y", PathKind::folder, false}), "/x/y a");
  EXPECT_EQ(lands(file, {"/x/y", PathKind::file, false}), "/x y");
  EXPECT_EQ(lands(file, {"/x/y", PathKind::absent, false}), "/x y");
  EXPECT_EQ(lands(folder, {"/x/y", PathKind::absent, true}), "/x y");
  EXPECT_EQ(lands(folder, {"/x/y", PathKind::folder, false}), "/x/y d");
  EXPECT_EQ(lands(file, {"/y", PathKind::absent, false}), "/ y");
  EXPECT_THROW(landing_of(folder, {"/x/y", PathKind::file, false}), Error);
  EXPECT_THROW(landing_of(file, {"/x/y", PathKind::absent, true}), Error);
}

}  // namespace
}  // namespace berth::cli
