// SPDX-License-Identifier: Apache-2.0
#include "cli/tar_packer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 64 * 1024;

[[noreturn]] void refuse(const std::string& doing, const fs::path& path, int fault) {
  throw Error(fault == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
              "cannot " + doing + " " + path.string() + ": " + std::strerror(fault));
}

la_ssize_t collect(archive*, void* made, const void* bytes, std::size_t size) {
  static_cast<std::string*>(made)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::uint64_t content_size(const fs::path& source) {
  std::error_code fault;
  if (!fs::is_directory(source, fault)) {
    return fs::is_regular_file(source, fault) ? fs::file_size(source, fault) : 0;
  }
  std::uint64_t size = 0;
  constexpr auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(source, options, fault), end; !fault && at != end; at.increment(fault)) {
    std::error_code gone;
    if (!at->is_symlink(gone) && at->is_regular_file(gone)) {
      const auto one = at->file_size(gone);
      size += gone ? 0 : one;
    }
  }
  return size;
}

void TarPacker::Close::operator()(archive* writer) const { archive_write_free(writer); }

TarPacker::TarPacker(const fs::path& source, std::string name) : name_(std::move(name)), writer_(archive_write_new()) {
  std::error_code fault;
  source_ = fs::canonical(source, fault);  // the thing itself, should it be named by a link
  if (fault) {
    refuse("read", source, fault.value());
  }
  archive_write_set_format_pax_restricted(writer_.get());
  archive_write_set_bytes_per_block(writer_.get(), 0);
  check(archive_write_open2(writer_.get(), &made_, nullptr, collect, nullptr, nullptr), source_);
}

TarPacker::~TarPacker() {
  archive_write_fail(writer_.get());  // or it would write an end behind what is not whole
}

void TarPacker::check(int result, const fs::path& path) {
  if (result < ARCHIVE_WARN) {
    const char* why = archive_error_string(writer_.get());
    throw Error(ErrorKind::unavailable, "cannot pack " + path.string() + ": " + (why != nullptr ? why : "no reason"));
  }
}

std::size_t TarPacker::read(char* into, std::size_t size) {
  while (read_ == made_.size() && !ended_) {
    made_.clear();
    read_ = 0;
    step();
  }
  const std::size_t count = std::min(size, made_.size() - read_);
  std::memcpy(into, made_.data() + read_, count);
  read_ += count;
  return count;
}

void TarPacker::step() {
  if (file_) {
    add_content();
    return;
  }
  if (!started_) {
    started_ = true;
    add(source_, name_);
    if (fs::is_directory(source_)) {
      std::error_code fault;
      next_ = fs::recursive_directory_iterator(source_, fault);
      if (fault) {
        refuse("read", source_, fault.value());
      }
    }
    return;
  }
  if (next_ == fs::recursive_directory_iterator()) {
    check(archive_write_close(writer_.get()), source_);
    ended_ = true;
    return;
  }
  const fs::path path = next_->path();
  add(path, name_ + "/" + path.lexically_relative(source_).string());
  std::error_code fault;
  next_.increment(fault);
  if (fault) {
    refuse("read a folder below", source_, fault.value());
  }
}

void TarPacker::add(const fs::path& path, const std::string& name) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    refuse("read", path, errno);
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
    ++skipped_;
    return;
  }
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_copy_stat(entry.get(), &status);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_nlink(entry.get(), 1);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  if (S_ISLNK(status.st_mode)) {
    std::error_code fault;
    const fs::path target = fs::read_symlink(path, fault);
    if (fault) {
      refuse("read", path, fault.value());
    }
    archive_entry_set_symlink(entry.get(), target.c_str());
  }
  if (S_ISREG(status.st_mode)) {
    file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file_) {
      refuse("read", path, errno);
    }
    file_path_ = path;
    file_left_ = static_cast<std::uint64_t>(status.st_size);
  }
  check(archive_write_header(writer_.get(), entry.get()), path);
}

void TarPacker::add_content() {
  std::array<char, piece> buffer{};
  const ssize_t count = ::read(file_.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), file_left_ + 1));
  if (count < 0) {
    refuse("read", file_path_, errno);
  }
  const auto size = static_cast<std::uint64_t>(count);
  // One byte more than is left tells that the file has grown.
  if (size > file_left_ || (size == 0 && file_left_ > 0)) {
    throw Error(ErrorKind::conflict, file_path_.string() + " changed while it was copied; try again");
  }
  if (size == 0) {
    file_.reset();
    return;
  }
  if (archive_write_data(writer_.get(), buffer.data(), size) < 0) {
    check(ARCHIVE_FATAL, file_path_);
  }
  file_left_ -= size;
  packed_ += size;
}

}  // namespace berth::cli
