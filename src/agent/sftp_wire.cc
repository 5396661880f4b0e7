// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_wire.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace berth::agent {
namespace {

// What is there of a file's attributes.
constexpr std::uint32_t has_size = 1;
constexpr std::uint32_t has_owner = 2;
constexpr std::uint32_t has_mode = 4;
constexpr std::uint32_t has_times = 8;
constexpr std::uint32_t has_extensions = 0x80000000;

template <class Unsigned>
Unsigned big_endian(Unsigned value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

template <class Unsigned>
Unsigned take(std::string_view& rest) {
  if (rest.size() < sizeof(Unsigned)) {
    throw Error(ErrorKind::invalid_argument, "the packet ends too early");
  }
  Unsigned value = 0;
  std::memcpy(&value, rest.data(), sizeof value);
  rest.remove_prefix(sizeof value);
  return big_endian(value);
}

template <class Unsigned>
void append(std::string& bytes, Unsigned value) {
  const Unsigned ordered = big_endian(value);
  bytes.append(reinterpret_cast<const char*>(&ordered), sizeof ordered);
}

}  // namespace

SftpAttributes attributes_of(const struct stat& status) {
  return {.size = static_cast<std::uint64_t>(status.st_size),
          .owner = SftpOwner{.user = status.st_uid, .group = status.st_gid},
          .mode = status.st_mode,
          .times = SftpTimes{.accessed = static_cast<std::uint32_t>(status.st_atime),
                             .modified = static_cast<std::uint32_t>(status.st_mtime)}};
}

std::uint8_t SftpFields::byte() { return take<std::uint8_t>(rest_); }
std::uint32_t SftpFields::number() { return take<std::uint32_t>(rest_); }
std::uint64_t SftpFields::long_number() { return take<std::uint64_t>(rest_); }

std::string_view SftpFields::text() {
  const std::uint32_t length = number();
  if (length > rest_.size()) {
    throw Error(ErrorKind::invalid_argument, "the packet ends too early");
  }
  const std::string_view text = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return text;
}

std::string SftpFields::path() {
  const std::string_view path = text();
  if (path.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::invalid_argument, "the path contains a zero byte");
  }
  return std::string(path);
}

SftpAttributes SftpFields::attributes() {
  SftpAttributes attributes;
  const std::uint32_t flags = number();
  if ((flags & has_size) != 0) {
    attributes.size = long_number();
  }
  if ((flags & has_owner) != 0) {
    const std::uint32_t user = number();
    attributes.owner = SftpOwner{.user = user, .group = number()};
  }
  if ((flags & has_mode) != 0) {
    attributes.mode = number();
  }
  if ((flags & has_times) != 0) {
    const std::uint32_t accessed = number();
    attributes.times = SftpTimes{.accessed = accessed, .modified = number()};
  }
  for (std::uint32_t left = (flags & has_extensions) != 0 ? number() : 0; left > 0; --left) {
    text();  // what it is called; a count that lies soon finds the end of the packet
    text();
  }
  return attributes;
}

void SftpReplies::begin(SftpType type) {
  start_ = bytes_.size();
  bytes_.append(sftp_length_size, '\0');
  bytes_ += static_cast<char>(type);
}

void SftpReplies::begin(SftpType type, std::uint32_t request) {
  begin(type);
  put_number(request);
}

void SftpReplies::put_number(std::uint32_t number) { append(bytes_, number); }
void SftpReplies::put_long(std::uint64_t number) { append(bytes_, number); }

void SftpReplies::put_text(std::string_view text) {
  put_number(static_cast<std::uint32_t>(text.size()));
  bytes_ += text;
}

void SftpReplies::put_attributes(const SftpAttributes& attributes) {
  put_number((attributes.size ? has_size : 0) | (attributes.owner ? has_owner : 0) | (attributes.mode ? has_mode : 0) |
             (attributes.times ? has_times : 0));
  if (attributes.size) {
    put_long(*attributes.size);
  }
  if (attributes.owner) {
    put_number(attributes.owner->user);
    put_number(attributes.owner->group);
  }
  if (attributes.mode) {
    put_number(*attributes.mode);
  }
  if (attributes.times) {
    put_number(attributes.times->accessed);
    put_number(attributes.times->modified);
  }
}

void SftpReplies::end() {
  replace_number(start_, static_cast<std::uint32_t>(bytes_.size() - start_ - sftp_length_size));
}

void SftpReplies::replace_number(std::size_t at, std::uint32_t number) {
  const std::uint32_t ordered = big_endian(number);
  std::memcpy(bytes_.data() + at, &ordered, sizeof ordered);
}

}  // namespace berth::agent
