// SPDX-License-Identifier: Apache-2.0
#pragma once

// The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL file for its extensions): a
// length (u32, big endian), a type (u8), a request number (u32), and fields.

#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::agent {

inline constexpr std::uint32_t sftp_version = 3;
inline constexpr std::size_t sftp_longest_packet = 256 * 1024;                  // without its length
inline constexpr std::size_t sftp_longest_data = sftp_longest_packet - 1024;    // of one read or write
inline constexpr std::size_t sftp_shortest_packet = 1 + sizeof(std::uint32_t);  // a type and a number
inline constexpr std::size_t sftp_length_size = sizeof(std::uint32_t);          // of the length itself
inline constexpr std::size_t sftp_data_header = sftp_length_size + 1 + 2 * sizeof(std::uint32_t);

enum class SftpType : std::uint8_t {
  init = 1,
  version = 2,
  open = 3,
  close = 4,
  read = 5,
  write = 6,
  lstat = 7,
  fstat = 8,
  setstat = 9,
  fsetstat = 10,
  opendir = 11,
  readdir = 12,
  remove = 13,
  mkdir = 14,
  rmdir = 15,
  realpath = 16,
  stat = 17,
  rename = 18,
  readlink = 19,
  symlink = 20,
  status = 101,
  handle = 102,
  data = 103,
  name = 104,
  attributes = 105,
  extended = 200,
  extended_reply = 201,
};

enum class SftpStatus : std::uint32_t {
  ok = 0,
  end_of_file = 1,
  no_such_file = 2,
  permission_denied = 3,
  failure = 4,
  bad_message = 5,
  unsupported = 8,
};

struct SftpOwner {
  uid_t user = 0;
  gid_t group = 0;
};

struct SftpTimes {
  std::uint32_t accessed = 0;
  std::uint32_t modified = 0;
};

// Of a file; each part may be absent.
struct SftpAttributes {
  std::optional<std::uint64_t> size;
  std::optional<SftpOwner> owner;
  std::optional<std::uint32_t> mode;
  std::optional<SftpTimes> times;
};

SftpAttributes attributes_of(const struct stat& status);

// Reads the fields of one packet in order. Each throws Error{invalid_argument} if the packet ends too early.
class SftpFields {
 public:
  explicit SftpFields(std::string_view packet) : rest_(packet) {}

  std::uint8_t byte();
  std::uint32_t number();
  std::uint64_t long_number();
  std::string_view text();  // lives as long as the packet
  std::string path();       // refuses a zero byte, where the kernel would take it to end
  SftpAttributes attributes();
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Replies, one after the other, until they are sent. A packet is begun, filled and ended.
class SftpReplies {
 public:
  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }
  std::size_t size() const { return bytes_.size(); }
  // Forgets what came after `size`.
  void shorten(std::size_t size) { bytes_.resize(size); }

  void begin(SftpType type);
  void begin(SftpType type, std::uint32_t request);
  void put_number(std::uint32_t number);
  void put_long(std::uint64_t number);
  void put_text(std::string_view text);
  void put_attributes(const SftpAttributes& attributes);
  void end();
  // Puts a number where an earlier one was, for example a count that was not known yet.
  void replace_number(std::size_t at, std::uint32_t number);

  // A packet of at most `most` bytes, which `fill` puts at a place, saying how many: they are copied no further.
  // Nothing is added if it says 0 or less; its result is returned.
  template <class Fill>
  ssize_t put_data(std::uint32_t request, std::size_t most, Fill fill);

 private:
  std::string bytes_;
  std::size_t start_ = 0;
};

template <class Fill>
ssize_t SftpReplies::put_data(std::uint32_t request, std::size_t most, Fill fill) {
  const std::size_t start = bytes_.size();
  ssize_t count = 0;
  bytes_.resize_and_overwrite(start + sftp_data_header + most, [&](char* bytes, std::size_t) noexcept {
    std::fill_n(bytes + start, sftp_data_header, '\0');
    count = fill(bytes + start + sftp_data_header);
    return count > 0 ? start + sftp_data_header + static_cast<std::size_t>(count) : start;
  });
  if (count > 0) {
    replace_number(start, static_cast<std::uint32_t>(bytes_.size() - start - sftp_length_size));
    bytes_[start + sftp_length_size] = static_cast<char>(SftpType::data);
    replace_number(start + sftp_length_size + 1, request);
    replace_number(start + sftp_data_header - sizeof(std::uint32_t), static_cast<std::uint32_t>(count));
  }
  return count;
}

}  // namespace berth::agent
