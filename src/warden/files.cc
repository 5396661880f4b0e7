// SPDX-License-Identifier: Apache-2.0
#include "warden/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "base/ids.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

std::string read_all(int descriptor, const path& file, std::size_t most) {
  std::string text;
  char buffer[16 * 1024];
  while (text.size() < most) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (check(got, "read " + file.filename().string()) == 0) {
      break;
    }
    text.append(buffer, static_cast<std::size_t>(got));
  }
  text.resize(std::min(text.size(), most));
  return text;
}

}  // namespace

std::optional<std::string> read_file_if_there(const path& file, std::size_t most) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor && (errno == ENOENT || errno == ENOTDIR)) {
    return std::nullopt;
  }
  check(descriptor.get(), "open " + file.filename().string());
  return read_all(descriptor.get(), file, most);
}

std::string read_file(const path& file, std::size_t most) {
  std::optional<std::string> text = read_file_if_there(file, most);
  if (!text) {
    throw_errno("read " + file.filename().string(), ENOENT);
  }
  return std::move(*text);
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    text.remove_prefix(static_cast<std::size_t>(check(written, "write a file")));
  }
}

void make_durable(const path& file) {
  for (const path& part : {file, file.parent_path()}) {
    const Descriptor descriptor(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor) {
      check(::fsync(descriptor.get()), "bring a file to the disk");
    }
  }
}

void replace_file(const path& file, std::string_view text, mode_t mode, bool durable) {
  const path fresh = file.parent_path() / ("." + file.filename().string() + "." + random_name(6));
  const Descriptor descriptor(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  check(descriptor.get(), "write " + file.filename().string());
  try {
    write_all(descriptor.get(), text);
    check(::fchmod(descriptor.get(), mode), "write " + file.filename().string());
    if (durable) {
      check(::fdatasync(descriptor.get()), "write " + file.filename().string());
    }
    check(::rename(fresh.c_str(), file.c_str()), "replace " + file.filename().string());
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
}

void write_to(const path& file, std::string_view text) {
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  check(descriptor.get(), "open " + file.string());
  check(::write(descriptor.get(), text.data(), text.size()), "write to " + file.string());
}

void make_folder(const path& folder, mode_t mode) {
  if (::mkdir(folder.c_str(), mode) != 0 && errno != EEXIST) {
    throw_errno("make the folder " + folder.string());
  }
  check(::chmod(folder.c_str(), mode), "set the mode of " + folder.string());
}

void remove_tree(const path& tree) {
  std::error_code fault;
  std::filesystem::remove_all(tree, fault);
  if (fault) {
    throw_errno("remove " + tree.filename().string(), fault.value());
  }
}

Descriptor open_path(const path& file, int flags) {
  return Descriptor(check(::open(file.c_str(), O_PATH | O_CLOEXEC | flags), "open " + file.string()));
}

}  // namespace berth::warden
