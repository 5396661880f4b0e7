// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/layout_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "base/error.h"

namespace berth::runtimes::local {
namespace {

constexpr int most_entries = 10'000;  // an image has at most some hundred layers
constexpr std::size_t longest_name = 255;

struct CloseArchive {
  void operator()(archive* opened) const { archive_read_free(opened); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::invalid_argument, "the archive " + what); }

// A name safe to show.
std::string shown(const char* name) {
  std::string text = name == nullptr ? "?" : std::string(name).substr(0, 64);
  for (char& character : text) {
    character = character >= ' ' && character < '\x7f' ? character : '?';
  }
  return "'" + text + "'";
}

// Where an entry belongs below the folder; empty for the folder itself.
std::filesystem::path place_of(archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr || std::strlen(name) > longest_name || name[0] == '/') {
    refuse("has an entry with no valid name: " + shown(name));
  }
  std::filesystem::path place;
  for (const auto& part : std::filesystem::path(name)) {
    if (part == "..") {
      refuse("has an entry outside of it: " + shown(name));
    }
    if (!part.empty() && part != ".") {
      place /= part;
    }
  }
  return place;
}

void check_type(archive_entry* entry) {
  const auto type = archive_entry_filetype(entry);
  if ((type != AE_IFREG && type != AE_IFDIR) || archive_entry_hardlink(entry) != nullptr ||
      archive_entry_symlink(entry) != nullptr) {
    refuse("has an entry that is neither a file nor a folder: " + shown(archive_entry_pathname(entry)));
  }
}

void write_whole(int file, const char* bytes, std::size_t length) {
  while (length > 0) {
    const ssize_t written = write(file, bytes, length);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      throw Error(ErrorKind::unavailable, std::string("the image could not be stored: ") + std::strerror(errno));
    }
    bytes += written;
    length -= static_cast<std::size_t>(written);
  }
}

struct Budget {
  std::uint64_t bytes = 0;
  const std::atomic<bool>& stop;

  void spend(std::size_t length) {
    if (stop) {
      throw Error(ErrorKind::unavailable, "the import was ended");
    }
    if (length > bytes) {
      throw Error(ErrorKind::too_large, "the archive holds more than an image may");
    }
    bytes -= length;
  }
};

void write_file(archive* reader, const std::filesystem::path& path, Budget& budget) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) {
    refuse("has a file twice, or a file in place of a folder: " + shown(path.filename().c_str()));
  }
  std::array<char, 65536> buffer{};
  for (;;) {
    const la_ssize_t length = archive_read_data(reader, buffer.data(), buffer.size());
    if (length < 0) {
      refuse("is damaged");
    }
    if (length == 0) {
      return;
    }
    budget.spend(static_cast<std::size_t>(length));
    write_whole(file.get(), buffer.data(), static_cast<std::size_t>(length));
  }
}

Archive open_archive(const Descriptor& file) {
  Archive reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  lseek(file.get(), 0, SEEK_SET);
  if (archive_read_open_fd(reader.get(), file.get(), 65536) != ARCHIVE_OK) {
    refuse("is no tar");
  }
  return reader;
}

void unpack_entry(archive* reader, archive_entry* entry, const std::filesystem::path& into, Budget& budget) {
  check_type(entry);
  const std::filesystem::path place = place_of(entry);
  std::error_code fault;
  if (archive_entry_filetype(entry) == AE_IFDIR) {
    std::filesystem::create_directories(into / place, fault);
  } else {
    std::filesystem::create_directories((into / place).parent_path(), fault);
    write_file(reader, into / place, budget);
  }
}

}  // namespace

void unpack_layout(const Descriptor& file, const std::filesystem::path& into, Bytes most,
                   const std::atomic<bool>& stop) {
  const Archive reader = open_archive(file);
  Budget budget{most.count, stop};
  archive_entry* entry = nullptr;
  int status = 0;
  for (int count = 0; (status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK; ++count) {
    if (count == most_entries) {
      refuse("has too many entries");
    }
    budget.spend(0);
    unpack_entry(reader.get(), entry, into, budget);
  }
  if (status != ARCHIVE_EOF) {
    refuse("is no tar, or damaged");
  }
  if (!std::filesystem::is_regular_file(into / "index.json") ||
      !std::filesystem::is_regular_file(into / "oci-layout")) {
    refuse("is no OCI layout: it must have oci-layout and index.json at its top");
  }
}

}  // namespace berth::runtimes::local
