// SPDX-License-Identifier: Apache-2.0
#include "agent/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "agent/folder.h"
#include "agent/replacement.h"
#include "agent/standard_streams.h"
#include "base/error.h"

namespace berth::agent {
namespace {

using Archive = std::unique_ptr<archive, decltype(&archive_read_free)>;
using Times = std::array<timespec, 2>;

struct Part {
  std::array<char, 64 * 1024> bytes;
};

la_ssize_t read_part(archive* reader, void* data, const void** bytes) {
  Part& part = *static_cast<Part*>(data);
  const ssize_t count = read_input(part.bytes.data(), part.bytes.size());
  if (count < 0) {
    archive_set_error(reader, errno, "the input was interrupted");
  }
  *bytes = part.bytes.data();
  return count;
}

class Unpacking {
 public:
  explicit Unpacking(const std::string& path);
  void run();

 private:
  struct NewFolder {
    std::vector<std::string> parts;
    std::string name;
    mode_t mode = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    Times times;
  };

  bool next();
  void unpack_entry();
  void make_folder(const std::vector<std::string>& parts);
  void make_file(Replacement& file);
  void make_link(int parent, Replacement& link);
  void make_hard_link(int parent, Replacement& link, const std::string& target);
  void finish_folders();
  Times times() const;
  void set_owner(int folder, const char* name, uid_t uid, gid_t gid) const;
  [[noreturn]] void refuse(const char* why) const;
  [[noreturn]] void refuse_stream() const;

  Folder folder_;
  Part part_;
  Archive archive_;
  archive_entry* entry_ = nullptr;  // the archive's own
  std::string name_;
  std::vector<NewFolder> new_folders_;  // get their mode and time when nothing is put into them any more
};

Unpacking::Unpacking(const std::string& path) : folder_(path), archive_(archive_read_new(), archive_read_free) {
  archive_read_support_format_tar(archive_.get());
  if (archive_read_open(archive_.get(), &part_, nullptr, read_part, nullptr) != ARCHIVE_OK) {
    refuse_stream();
  }
}

void Unpacking::run() {
  while (next()) {
    unpack_entry();
  }
  finish_folders();
}

bool Unpacking::next() {
  const int result = archive_read_next_header(archive_.get(), &entry_);
  if (result == ARCHIVE_EOF) {
    return false;
  }
  if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {  // a warning: a name is not in the character set of "C"
    refuse_stream();
  }
  const char* name = archive_entry_pathname(entry_);
  name = name == nullptr ? archive_entry_pathname_utf8(entry_) : name;
  name_ = name == nullptr ? "" : name;
  return true;
}

void Unpacking::unpack_entry() {
  const std::vector<std::string> parts = name_parts(name_);
  const char* hard_link = archive_entry_hardlink(entry_);
  const auto type = archive_entry_filetype(entry_);
  if (hard_link == nullptr && type != AE_IFREG && type != AE_IFLNK && type != AE_IFDIR) {
    refuse("is a device, fifo or socket");
  }
  if (hard_link == nullptr && type == AE_IFDIR) {
    return make_folder(parts);
  }
  if (parts.empty()) {
    refuse("would replace the folder itself");
  }
  const Descriptor parent = folder_.open_parent(parts, name_);
  Replacement replacement(parent.get(), parts.back());
  if (hard_link != nullptr) {
    make_hard_link(parent.get(), replacement, hard_link);
  } else if (type == AE_IFLNK) {
    make_link(parent.get(), replacement);
  } else {
    make_file(replacement);
  }
  replacement.put_in_place();
  if (hard_link != nullptr) {  // moving one name of a file onto another of its names does nothing
    ::unlinkat(parent.get(), replacement.temporary_name(), 0);
  }
}

void Unpacking::make_folder(const std::vector<std::string>& parts) {
  if (parts.empty()) {
    return;
  }
  const Descriptor parent = folder_.open_parent(parts, name_);
  if (::mkdirat(parent.get(), parts.back().c_str(), 0700) == 0) {
    new_folders_.push_back({.parts = parts,
                            .name = name_,
                            .mode = static_cast<mode_t>(archive_entry_perm(entry_)),
                            .uid = static_cast<uid_t>(archive_entry_uid(entry_)),
                            .gid = static_cast<gid_t>(archive_entry_gid(entry_)),
                            .times = times()});
    return;
  }
  if (errno != EEXIST) {
    fail("make the folder", name_);
  }
  folder_.open(parts, name_);  // throws if it is a link or a file
}

void Unpacking::make_file(Replacement& file) {
  file.make_file();
  const void* bytes = nullptr;
  std::size_t count = 0;
  la_int64_t offset = 0;
  int result = ARCHIVE_OK;
  while ((result = archive_read_data_block(archive_.get(), &bytes, &count, &offset)) == ARCHIVE_OK) {
    if (::lseek(file.file(), offset, SEEK_SET) < 0) {  // there may be a hole before it
      fail("write", name_);
    }
    write_all(file.file(), static_cast<const char*>(bytes), count, name_);
  }
  if (result != ARCHIVE_EOF) {
    refuse_stream();
  }
  if (::ftruncate(file.file(), archive_entry_size(entry_)) != 0) {
    fail("write", name_);
  }
  set_owner(file.file(), "", static_cast<uid_t>(archive_entry_uid(entry_)),
            static_cast<gid_t>(archive_entry_gid(entry_)));
  if (::fchmod(file.file(), static_cast<mode_t>(archive_entry_perm(entry_)) & 07777) != 0 ||
      ::futimens(file.file(), times().data()) != 0) {
    fail("set the mode and time of", name_);
  }
}

void Unpacking::make_link(int parent, Replacement& link) {
  const char* target = archive_entry_symlink(entry_);
  if (target == nullptr || *target == '\0') {
    refuse("is a link to nothing");
  }
  if (::symlinkat(target, parent, link.temporary_name()) != 0) {
    fail("make the link", name_);
  }
  link.made();
  set_owner(parent, link.temporary_name(), static_cast<uid_t>(archive_entry_uid(entry_)),
            static_cast<gid_t>(archive_entry_gid(entry_)));
  ::utimensat(parent, link.temporary_name(), times().data(), AT_SYMLINK_NOFOLLOW);
}

void Unpacking::make_hard_link(int parent, Replacement& link, const std::string& target) {
  std::vector<std::string> parts = name_parts(target);
  if (parts.empty()) {
    refuse("is a hard link to the folder itself");
  }
  const std::string last = parts.back();
  parts.pop_back();
  const Descriptor folder = folder_.open(parts, name_);
  if (::linkat(folder.get(), last.c_str(), parent, link.temporary_name(), 0) != 0) {
    fail("make the hard link", name_);
  }
  link.made();
}

void Unpacking::finish_folders() {
  for (auto folder = new_folders_.rbegin(); folder != new_folders_.rend(); ++folder) {
    const Descriptor opened = folder_.open(folder->parts, folder->name);
    set_owner(opened.get(), "", folder->uid, folder->gid);
    if (::fchmodat(opened.get(), ".", folder->mode & 07777, 0) != 0 ||
        ::utimensat(opened.get(), ".", folder->times.data(), 0) != 0) {
      fail("set the mode and time of", folder->name);
    }
  }
}

Times Unpacking::times() const {
  if (archive_entry_mtime_is_set(entry_) == 0) {
    return {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW}};
  }
  const timespec modified{.tv_sec = archive_entry_mtime(entry_), .tv_nsec = archive_entry_mtime_nsec(entry_)};
  return {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, modified};
}

void Unpacking::set_owner(int folder, const char* name, uid_t uid, gid_t gid) const {
  if (::geteuid() == 0 && ::fchownat(folder, name, uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0 &&
      errno != EINVAL) {  // the instance's user namespace does not have that number: it stays root's
    fail("set the owner of", name_);
  }
}

void Unpacking::refuse(const char* why) const {
  throw Error(ErrorKind::invalid_argument, "the entry '" + name_.substr(0, 512) + "' " + why);
}

void Unpacking::refuse_stream() const {
  const char* reason = archive_error_string(archive_.get());
  throw Error(ErrorKind::invalid_argument,
              "the tar stream is damaged" + (reason == nullptr ? std::string() : ": " + std::string(reason)));
}

}  // namespace

void unpack(const std::string& path) {
  interrupt_reading_on_signals();
  Unpacking(path).run();
}

}  // namespace berth::agent
