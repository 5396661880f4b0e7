// SPDX-License-Identifier: Apache-2.0
#include "cli/file_place.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

namespace fs = std::filesystem;

// POSIX pax, "ustar Interchange Format": blocks of 512 bytes; the type of an entry is at 156, its size in octal at 124.
constexpr std::size_t block = 512;
constexpr std::size_t type_at = 156;
constexpr std::size_t size_at = 124;
constexpr std::size_t most_ahead = 1024 * 1024;

std::uint64_t octal(const char* digits, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t index = 0; index < count && digits[index] >= '0' && digits[index] <= '7'; ++index) {
    value = value * 8 + static_cast<std::uint64_t>(digits[index] - '0');
  }
  return value;
}

std::string normal(const std::string& path) {
  std::string clean = fs::path(path).lexically_normal().string();
  while (clean.size() > 1 && clean.ends_with('/')) {
    clean.pop_back();
  }
  return clean;
}

}  // namespace

std::optional<Place> parse_place(const std::string& argument) {
  const auto colon = argument.find(':');
  if (colon == std::string::npos || colon == 0 || argument.find('/') < colon) {
    return std::nullopt;
  }
  const std::string path = argument.substr(colon + 1);
  if (!path.starts_with('/')) {
    throw Error(ErrorKind::invalid_argument, "'" + printable(argument) +
                                                 "': the path inside an instance begins with '/'"
                                                 " (for a local name with a colon write ./" +
                                                 printable(argument) + ")");
  }
  return Place{argument.substr(0, colon), normal(path), path.ends_with('/') || path.ends_with("/.")};
}

std::string base_name(const std::string& path) { return fs::path(normal(path)).filename().string(); }

Landing landing_of(const Source& source, const Target& target) {
  if (target.kind == PathKind::folder) {
    return {target.path, source.name};
  }
  if (target.kind == PathKind::file && (source.kind == PathKind::folder || target.slash)) {
    throw Error(ErrorKind::conflict, printable(target.path) + " is a file, not a folder");
  }
  if (target.kind == PathKind::absent && target.slash && source.kind == PathKind::file) {
    throw Error(ErrorKind::not_found, "there is no folder " + printable(target.path));
  }
  return {fs::path(normal(target.path)).parent_path().string(), base_name(target.path)};
}

TarStart::TarStart(BodySource source) : source_(std::move(source)) {
  std::size_t header = 0;
  while (true) {
    while (read_ahead_.size() < header + block) {
      std::string piece(16 * 1024, '\0');
      const std::size_t count = source_(piece.data(), piece.size());
      if (count == 0 || read_ahead_.size() > most_ahead) {
        throw Error(ErrorKind::instance_fault, "what the instance sent is not a whole tar archive; try again");
      }
      read_ahead_.append(piece, 0, count);
    }
    const char type = read_ahead_[header + type_at];
    const bool describes_next = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (!describes_next) {
      kind_ = type == '5' ? PathKind::folder : PathKind::file;
      return;
    }
    const std::uint64_t size = std::min<std::uint64_t>(octal(&read_ahead_[header + size_at], 11), most_ahead);
    header += block + (size + block - 1) / block * block;
  }
}

std::size_t TarStart::read(char* into, std::size_t size) {
  if (read_ahead_.empty()) {
    return source_(into, size);
  }
  const std::size_t count = std::min(size, read_ahead_.size());
  std::memcpy(into, read_ahead_.data(), count);
  read_ahead_.erase(0, count);
  return count;
}

PathKind first_tar_entry(BodySource source) { return TarStart(std::move(source)).kind(); }

}  // namespace berth::cli
