// SPDX-License-Identifier: Apache-2.0
#include "warden/unpack_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstring>
#include <memory>

#include "warden/inner_program.h"
#include "warden/mount_namespace.h"
#include "warden/system_error.h"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

namespace berth::warden {
namespace {

constexpr std::size_t block_size = 256 * 1024;
constexpr std::size_t longest_name = 4095;
[[maybe_unused]] constexpr rlim_t most_memory = 2ULL << 30;  // a compressed window may ask for a lot

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;
using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::invalid_argument, what); }

std::string shown(const std::string& name) { return "'" + name.substr(0, 100) + "'"; }

Reader open_reader(int descriptor) {
  Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(reader.get());
  // By name, and not all of them: some run a program that is found in PATH.
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_lz4(reader.get());
  if (archive_read_open_fd(reader.get(), descriptor, block_size) != ARCHIVE_OK) {
    refuse("the file is no tar archive, or of an unknown compression");
  }
  return reader;
}

Writer open_writer() {
  Writer writer(archive_write_disk_new(), archive_write_free);
  archive_write_disk_set_options(writer.get(), ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_ACL |
                                                   ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                                                   ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS);
  return writer;
}

bool is_kept_attribute(const std::string& name) {
  return name == "security.capability" || (name.starts_with("user.") && !name.starts_with("user.overlay."));
}

// Attributes that mean something to the kernel, overlay's above all, are not taken from strangers.
void filter_attributes(archive_entry* entry) {
  struct Attribute {
    std::string name;
    std::string value;
  };
  std::vector<Attribute> kept;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  archive_entry_xattr_reset(entry);
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (is_kept_attribute(name)) {
      kept.push_back({name, std::string(static_cast<const char*>(value), size)});
    }
  }
  archive_entry_xattr_clear(entry);
  for (const Attribute& attribute : kept) {
    archive_entry_xattr_add_entry(entry, attribute.name.c_str(), attribute.value.data(), attribute.value.size());
  }
  archive_entry_set_fflags(entry, 0, 0);
}

bool is_device(archive_entry* entry) {
  const auto type = archive_entry_filetype(entry);
  return type == AE_IFCHR || type == AE_IFBLK || type == AE_IFIFO || type == AE_IFSOCK;
}

// Puts the entry's names in plain form. False: it is not to be unpacked.
bool prepare(archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (raw == nullptr) {
    refuse("the archive holds a name that is not text");
  }
  const std::string name = plain_name(raw);
  if (name.empty() || name.starts_with("dev/")) {
    return false;  // the top itself, and what every instance gets anew
  }
  if (const char* target = archive_entry_hardlink(entry)) {
    const std::string plain = plain_name(target);
    if (plain.starts_with("dev/")) {
      return false;
    }
    archive_entry_copy_hardlink(entry, plain.c_str());
  } else if (is_device(entry)) {
    refuse("the archive holds a device, pipe or socket: " + shown(name));
  }
  archive_entry_copy_pathname(entry, name.c_str());
  filter_attributes(entry);
  return true;
}

class Unpacking {
 public:
  Unpacking(int descriptor, const UnpackLimits& limits)
      : limits_(limits), reader_(open_reader(descriptor)), writer_(open_writer()) {
    struct stat state{};
    input_size_ = ::fstat(descriptor, &state) == 0 ? static_cast<double>(state.st_size) : 0;
  }

  void run() {
    archive_entry* entry = nullptr;
    for (;;) {
      const int result = archive_read_next_header(reader_.get(), &entry);
      if (result == ARCHIVE_EOF) {
        break;
      }
      if (result < ARCHIVE_WARN) {
        refuse("the archive is damaged, or no tar archive");
      }
      if (++files_ > limits_.files) {
        throw Error(ErrorKind::too_large, "the archive holds more than " + std::to_string(limits_.files) + " files");
      }
      if (prepare(entry)) {
        unpack(entry);
      }
      report();
    }
    if (archive_write_close(writer_.get()) < ARCHIVE_WARN) {
      fail_writing("");
    }
    if (files_ == 0) {
      refuse("the archive is empty");
    }
  }

 private:
  void unpack(archive_entry* entry) {
    const std::string name = archive_entry_pathname(entry);
    if (archive_write_header(writer_.get(), entry) < ARCHIVE_WARN) {
      fail_writing(name);
    }
    copy_data(name);
    if (archive_write_finish_entry(writer_.get()) < ARCHIVE_WARN) {
      fail_writing(name);
    }
  }

  void copy_data(const std::string& name) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int result = archive_read_data_block(reader_.get(), &block, &size, &offset);
      if (result == ARCHIVE_EOF) {
        return;
      }
      if (result < ARCHIVE_WARN) {
        refuse("the archive is damaged at " + shown(name));
      }
      bytes_ += size;
      if (bytes_ > limits_.size.count) {
        throw Error(ErrorKind::too_large, "the archive unpacks to more than " + format_bytes(limits_.size));
      }
      if (archive_write_data_block(writer_.get(), block, size, offset) < ARCHIVE_WARN) {
        fail_writing(name);
      }
    }
  }

  [[noreturn]] void fail_writing(const std::string& name) {
    const int fault = archive_errno(writer_.get());
    if (fault == ENOSPC || fault == EDQUOT || fault == ENOMEM) {
      throw_errno("unpack the archive", fault);
    }
    const char* reason = archive_error_string(writer_.get());
    refuse("the archive cannot be unpacked at " + shown(name) + ": " + (reason != nullptr ? reason : "it is refused"));
  }

  void report() {
    const double done =
        input_size_ > 0 ? static_cast<double>(archive_filter_bytes(reader_.get(), -1)) / input_size_ : 0;
    if (done - reported_ >= 0.02) {
      reported_ = done;
      std::printf("progress %.2f unpacking\n", done < 1 ? done : 1);
      std::fflush(stdout);
    }
  }

  const UnpackLimits limits_;
  Reader reader_;
  Writer writer_;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
  double input_size_ = 0;
  double reported_ = 0;
};

void lock_into(int folder) {
  check(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC), "make a namespace");
  mount_at(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  check(::fchdir(folder), "enter the new image");
  check(::chroot("."), "enter the new image");
  ::close(folder);
  keep_capabilities({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP});
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  const rlimit memory{most_memory, most_memory};
  check(::setrlimit(RLIMIT_AS, &memory), "limit memory");
#endif
}

}  // namespace

std::string plain_name(const std::string& name) {
  if (name.starts_with('/')) {
    refuse("the archive holds an absolute name: " + shown(name));
  }
  if (name.size() > longest_name) {
    refuse("the archive holds a name that is too long");
  }
  std::string plain;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t slash = std::min(name.find('/', at), name.size());
    const std::string part = name.substr(at, slash - at);
    at = slash + 1;
    if (part == "..") {
      refuse("the archive holds a name with '..': " + shown(name));
    }
    if (!part.empty() && part != ".") {
      plain += (plain.empty() ? "" : "/") + part;
    }
  }
  return plain;
}

void unpack_tar(int descriptor, const UnpackLimits& limits) { Unpacking(descriptor, limits).run(); }

void unpack_tar_main(const std::vector<std::string>& words) {
  if (words.size() != 3) {
    throw Error(ErrorKind::internal, "unpack-tar takes two numbers");
  }
  // Names in archives are UTF-8; libarchive converts them by the locale, which must be loaded before the chroot.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  ::umask(0);
  lock_into(3);
  unpack_tar(0, {{std::stoull(words[1])}, std::stoull(words[2])});
}

}  // namespace berth::warden
