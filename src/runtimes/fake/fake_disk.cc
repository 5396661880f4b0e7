// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_disk.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "base/error.h"

namespace berth::runtimes::fake {
namespace {

struct CloseArchive {
  void operator()(archive* opened) const { archive_free(opened); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

la_ssize_t append(archive* /*opened*/, void* into, const void* bytes, std::size_t length) {
  static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), length);
  return static_cast<la_ssize_t>(length);
}

void put(archive* tar, const std::string& name, const std::string& content) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  archive_write_header(tar, entry.get());
  archive_write_data(tar, content.data(), content.size());
}

std::string below(const std::string& folder) { return folder.ends_with('/') ? folder : folder + "/"; }

bool escapes(const std::string& name) {
  return name.starts_with('/') || (below(name).find("../") == 0) || below(name).find("/../") != std::string::npos;
}

}  // namespace

FakeDisk fresh_disk() { return {{"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"}, {"/etc/hostname", "fake\n"}}; }

bool has_folder(const FakeDisk& disk, std::string_view path) {
  if (path == "/" || path == "/tmp" || path == "/root" || path == "/etc") {
    return true;
  }
  const std::string prefix = below(std::string(path));
  const auto first = disk.lower_bound(prefix);
  return first != disk.end() && first->first.starts_with(prefix);
}

std::string pack(const FakeDisk& disk, const std::string& path) {
  if (!disk.contains(path) && !has_folder(disk, path)) {
    throw Error(ErrorKind::not_found, "there is no file or folder '" + path + "'");
  }
  std::string bytes;
  const Archive tar(archive_write_new());
  archive_write_set_format_pax_restricted(tar.get());
  archive_write_open(tar.get(), &bytes, nullptr, append, nullptr);
  const std::size_t parent = path == "/" ? 1 : path.rfind('/') + 1;
  for (const auto& [name, content] : disk) {
    if (name == path || name.starts_with(below(path))) {
      put(tar.get(), name.substr(parent), content);
    }
  }
  archive_write_close(tar.get());
  return bytes;
}

void unpack(FakeDisk& disk, const std::string& folder, std::string_view tar) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::invalid_argument, what); };
  if (!has_folder(disk, folder)) {
    throw Error(ErrorKind::not_found, "there is no folder '" + folder + "'");
  }
  const Archive reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_open_memory(reader.get(), tar.data(), tar.size());
  archive_entry* entry = nullptr;
  int status = 0;
  while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const std::string name = archive_entry_pathname(entry);
    if (escapes(name) || archive_entry_hardlink(entry) != nullptr ||
        (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)) {
      refuse("the archive has the entry '" + name + "', which may not be unpacked");
    }
    if (archive_entry_filetype(entry) == AE_IFREG) {
      const auto size = static_cast<std::size_t>(archive_entry_size(entry));
      std::string content(std::min(size, tar.size()), '\0');
      if (size > tar.size() ||
          archive_read_data(reader.get(), content.data(), content.size()) != static_cast<la_ssize_t>(content.size())) {
        refuse("the archive ends in the middle of '" + name + "'");
      }
      disk[below(folder) + name] = std::move(content);
    }
  }
  if (status != ARCHIVE_EOF) {
    refuse("this is not a tar archive");
  }
}

}  // namespace berth::runtimes::fake
