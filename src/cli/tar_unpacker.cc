// SPDX-License-Identifier: Apache-2.0
#include "cli/tar_unpacker.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/ids.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

using Parts = std::vector<std::string>;

[[noreturn]] void hostile(std::string_view name, const std::string& why) {
  throw Error(ErrorKind::instance_fault,
              "refused '" + printable(name).substr(0, 200) + "' from the instance: " + why + "; stopped copying");
}

[[noreturn]] void cannot(const std::string& doing, const Parts& parts, int fault) {
  std::string name;
  for (const auto& part : parts) {
    name += (name.empty() ? "" : "/") + part;
  }
  throw Error(ErrorKind::unavailable, "cannot " + doing + " " + printable(name) + ": " + std::strerror(fault));
}

// What libarchive reads from; an exception waits here until we are out of its C code.
struct Reader {
  const BodySource& source;
  std::string piece = std::string(64 * 1024, '\0');
  std::exception_ptr failure;
};

la_ssize_t read_piece(archive* reader, void* context, const void** bytes) {
  auto& from = *static_cast<Reader*>(context);
  try {
    *bytes = from.piece.data();
    return static_cast<la_ssize_t>(from.source(from.piece.data(), from.piece.size()));
  } catch (...) {
    from.failure = std::current_exception();
    archive_set_error(reader, EIO, "the stream broke");
    return ARCHIVE_FATAL;
  }
}

// One archive on its way into one folder. Every path is walked from the folder's descriptor, a component at a time,
// never through a link.
class Unpacker {
 public:
  Unpacker(const BodySource& source, const UnpackRequest& request);
  Unpacked run();

 private:
  struct MadeFolder {
    Parts parts;
    mode_t mode;
    timespec modified;
  };

  bool next();
  void take(archive_entry* entry);
  Parts parts_of(const char* name) const;
  Descriptor parent_of(const Parts& parts) const;
  void make_folder(const Parts& parts, archive_entry* entry);
  void make_file(const Parts& parts, archive_entry* entry);
  void copy_content(int file, const Parts& parts);
  void make_symbolic_link(const Parts& parts, const char* target);
  void make_hard_link(const Parts& parts, const char* target);
  void put_in_place(const Descriptor& parent, const std::string& temporary, const Parts& parts);
  void finish_folders();
  mode_t permissions(archive_entry* entry) const { return archive_entry_perm(entry) & 0777 & ~mask_; }

  const UnpackRequest& request_;
  Reader reader_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  Descriptor folder_;
  mode_t mask_ = 0;
  std::vector<MadeFolder> made_;
  Unpacked result_;
};

Unpacker::Unpacker(const BodySource& source, const UnpackRequest& request)
    : request_(request), reader_{.source = source}, archive_(archive_read_new(), archive_read_free) {
  folder_ = Descriptor(::open(request.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) {
    cannot("write to", {request.folder.string()}, errno);
  }
  mask_ = ::umask(0);
  ::umask(mask_);
  archive_read_support_format_tar(archive_.get());
  archive_read_open(archive_.get(), &reader_, nullptr, read_piece, nullptr);
}

Unpacked Unpacker::run() {
  while (next()) {
  }
  finish_folders();
  // The end of the archive is not the end of the answer, which alone tells that the instance did not fail.
  while (!reader_.failure && reader_.source(reader_.piece.data(), reader_.piece.size()) > 0) {
  }
  return result_;
}

bool Unpacker::next() {
  archive_entry* entry = nullptr;
  const int outcome = archive_read_next_header(archive_.get(), &entry);
  if (reader_.failure) {
    std::rethrow_exception(reader_.failure);
  }
  if (outcome == ARCHIVE_EOF) {
    return false;
  }
  if (outcome < ARCHIVE_WARN) {
    throw Error(ErrorKind::instance_fault, "what the instance sent is not a whole tar archive; try again");
  }
  take(entry);
  return true;
}

void Unpacker::take(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) {
    hostile("", "an entry without a name");
  }
  const Parts parts = parts_of(name);
  if (parts.empty()) {
    return;  // the folder itself
  }
  if (const char* target = archive_entry_hardlink(entry)) {
    make_hard_link(parts, target);
  } else if (archive_entry_filetype(entry) == AE_IFDIR) {
    make_folder(parts, entry);
  } else if (archive_entry_filetype(entry) == AE_IFREG) {
    make_file(parts, entry);
  } else if (archive_entry_filetype(entry) == AE_IFLNK && archive_entry_symlink(entry) != nullptr) {
    make_symbolic_link(parts, archive_entry_symlink(entry));
  } else {
    ++result_.skipped;
    return;
  }
  ++result_.entries;
}

Parts Unpacker::parts_of(const char* name) const {
  Parts parts;
  std::string_view rest = name;
  if (rest.starts_with('/')) {
    hostile(name, "an absolute name");
  }
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part == "..") {
      hostile(name, "it leaves the folder");
    }
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  if (!request_.expected.empty() && !parts.empty()) {
    if (parts.front() != request_.expected) {
      hostile(name, "it was not asked for");
    }
    parts.front() = request_.renamed;
  }
  return parts;
}

Descriptor Unpacker::parent_of(const Parts& parts) const {
  Descriptor at(::openat(folder_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (std::size_t index = 0; at && index + 1 < parts.size(); ++index) {
    const char* name = parts[index].c_str();
    constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    Descriptor below(::openat(at.get(), name, flags));
    if (!below && errno == ENOENT && ::mkdirat(at.get(), name, 0777) == 0) {
      below = Descriptor(::openat(at.get(), name, flags));
    }
    at = std::move(below);
  }
  if (!at) {
    cannot("write (a link or a file is in the way, or it is not allowed) to", parts, errno);
  }
  return at;
}

void Unpacker::make_folder(const Parts& parts, archive_entry* entry) {
  const Descriptor parent = parent_of(parts);
  if (::mkdirat(parent.get(), parts.back().c_str(), 0700) == 0) {
    made_.push_back({parts, permissions(entry), {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}});
    return;
  }
  struct stat status{};
  const int fault = errno;
  if (fault != EEXIST || ::fstatat(parent.get(), parts.back().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISDIR(status.st_mode)) {
    cannot("make the folder", parts, fault);
  }
}

void Unpacker::make_file(const Parts& parts, archive_entry* entry) {
  const Descriptor parent = parent_of(parts);
  const std::string temporary = ".berth-" + random_name(12);
  const Descriptor file(
      ::openat(parent.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    cannot("write", parts, errno);
  }
  try {
    copy_content(file.get(), parts);
    const std::array<timespec, 2> times = {
        {{0, UTIME_OMIT}, {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}}};
    if (::ftruncate(file.get(), archive_entry_size(entry)) != 0 || ::fchmod(file.get(), permissions(entry)) != 0) {
      cannot("write", parts, errno);
    }
    ::futimens(file.get(), times.data());
  } catch (...) {
    ::unlinkat(parent.get(), temporary.c_str(), 0);
    throw;
  }
  put_in_place(parent, temporary, parts);
}

void Unpacker::copy_content(int file, const Parts& parts) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  int outcome = ARCHIVE_OK;
  // Holes stay holes: an instance cannot fill our disk with zeros that it did not send.
  while ((outcome = archive_read_data_block(archive_.get(), &bytes, &size, &offset)) == ARCHIVE_OK) {
    for (std::size_t done = 0; done < size;) {
      const ssize_t written =
          ::pwrite(file, static_cast<const char*>(bytes) + done, size - done, offset + static_cast<la_int64_t>(done));
      if (written < 0 && errno != EINTR) {
        cannot("write", parts, errno);
      }
      done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    result_.bytes += size;
  }
  if (reader_.failure) {
    std::rethrow_exception(reader_.failure);
  }
  if (outcome != ARCHIVE_EOF) {
    throw Error(ErrorKind::instance_fault, "what the instance sent is not a whole tar archive; try again");
  }
}

void Unpacker::make_symbolic_link(const Parts& parts, const char* target) {
  const Descriptor parent = parent_of(parts);
  const std::string temporary = ".berth-" + random_name(12);
  if (::symlinkat(target, parent.get(), temporary.c_str()) != 0) {
    cannot("make the link", parts, errno);
  }
  put_in_place(parent, temporary, parts);
}

void Unpacker::make_hard_link(const Parts& parts, const char* target) {
  const Parts from = parts_of(target);
  if (from.empty()) {
    hostile(target, "a link to a folder");
  }
  const Descriptor parent = parent_of(parts);
  const Descriptor from_parent = parent_of(from);
  const std::string temporary = ".berth-" + random_name(12);
  if (::linkat(from_parent.get(), from.back().c_str(), parent.get(), temporary.c_str(), 0) != 0) {
    cannot("make the link", parts, errno);
  }
  put_in_place(parent, temporary, parts);
}

void Unpacker::put_in_place(const Descriptor& parent, const std::string& temporary, const Parts& parts) {
  if (::renameat(parent.get(), temporary.c_str(), parent.get(), parts.back().c_str()) != 0) {
    const int fault = errno;
    ::unlinkat(parent.get(), temporary.c_str(), 0);
    cannot("replace", parts, fault);
  }
  // Renaming one name of a file to another of the same file leaves both.
  ::unlinkat(parent.get(), temporary.c_str(), 0);
}

// Last, since a folder without write permission takes no files and each file changes its folder's time.
void Unpacker::finish_folders() {
  for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
    const Descriptor parent = parent_of(made->parts);
    const Descriptor folder(
        ::openat(parent.get(), made->parts.back().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder) {
      const std::array<timespec, 2> times = {{{0, UTIME_OMIT}, made->modified}};
      ::futimens(folder.get(), times.data());
      ::fchmod(folder.get(), made->mode);
    }
  }
}

}  // namespace

Unpacked unpack_tar(const BodySource& source, const UnpackRequest& request) { return Unpacker(source, request).run(); }

}  // namespace berth::cli
