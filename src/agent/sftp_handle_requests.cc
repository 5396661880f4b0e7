// SPDX-License-Identifier: Apache-2.0
// What SFTP asks of files and folders that are open.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include "agent/sftp_files.h"
#include "agent/sftp_server.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t enough_entries = 32 * 1024;  // bytes of them in one reply

int to_open_flags(std::uint32_t wanted) {
  enum : std::uint32_t { reading = 1, writing = 2, appending = 4, creating = 8, truncating = 16, exclusively = 32 };
  int flags = (wanted & writing) == 0 ? O_RDONLY : (wanted & reading) == 0 ? O_WRONLY : O_RDWR;
  flags |= (wanted & appending) != 0 ? O_APPEND : 0;
  flags |= (wanted & creating) != 0 ? O_CREAT : 0;
  flags |= (wanted & truncating) != 0 ? O_TRUNC : 0;
  flags |= (wanted & exclusively) != 0 ? O_EXCL : 0;
  return flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a fifo without another end must not hold up the rest
}

}  // namespace

void SftpServer::open_file(SftpFields& fields) {
  const std::string path = fields.path();
  const int flags = to_open_flags(fields.number());
  const mode_t mode = fields.attributes().mode.value_or(0666) & 07777;
  handles_.require_room();
  Descriptor file(::open(path.c_str(), flags, mode));
  if (!file) {
    return answer(-1);
  }
  answer_handle(handles_.add(std::move(file)));
}

void SftpServer::open_folder(SftpFields& fields) {
  const std::string path = fields.path();
  handles_.require_room();
  OpenFolder folder(::opendir(path.c_str()));
  if (!folder) {
    return answer(-1);
  }
  answer_handle(handles_.add(std::move(folder)));
}

void SftpServer::close(SftpFields& fields) {
  handles_.close(fields.text());
  answer(0);
}

void SftpServer::read(SftpFields& fields) {
  const int file = handles_.file(fields.text());
  const std::uint64_t offset = fields.long_number();
  const std::size_t most = std::min<std::size_t>(fields.number(), sftp_longest_data);
  const ssize_t count =
      replies_.put_data(request_, most, [&](char* into) { return read_at(file, into, most, offset); });
  if (count == 0) {
    answer(SftpStatus::end_of_file, "End of file");
  } else if (count < 0) {
    answer(-1);
  }
}

void SftpServer::write(SftpFields& fields) {
  const int file = handles_.file(fields.text());
  const std::uint64_t offset = fields.long_number();
  answer(write_at(file, fields.text(), offset));
}

// As many entries as fill a reply.
void SftpServer::read_folder(SftpFields& fields) {
  DIR* const folder = handles_.folder(fields.text());
  const std::size_t before = replies_.size();
  const std::time_t now = std::time(nullptr);
  replies_.begin(SftpType::name, request_);
  const std::size_t count_at = replies_.size();
  replies_.put_number(0);
  std::uint32_t count = 0;
  errno = 0;
  while (replies_.size() - before < enough_entries && put_entry(folder, now)) {
    ++count;
    errno = 0;
  }
  if (count > 0) {
    replies_.replace_number(count_at, count);
    return replies_.end();
  }
  replies_.shorten(before);
  if (errno != 0) {
    return answer(-1);
  }
  answer(SftpStatus::end_of_file, "End of file");
}

// False at the end, or with errno at a fault.
bool SftpServer::put_entry(DIR* folder, std::time_t now) {
  while (const dirent* entry = ::readdir(folder)) {
    struct stat status{};
    if (::fstatat(::dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      replies_.put_text(entry->d_name);
      replies_.put_text(listing_line(entry->d_name, status, now, names_));
      replies_.put_attributes(attributes_of(status));
      return true;
    }
    errno = 0;  // gone since it was listed
  }
  return false;
}

void SftpServer::read_open_attributes(SftpFields& fields) {
  struct stat status{};
  answer_attributes(::fstat(handles_.descriptor(fields.text()), &status), status);
}

void SftpServer::set_open_attributes(SftpFields& fields) {
  const int descriptor = handles_.descriptor(fields.text());
  answer(set_attributes({.open = descriptor}, fields.attributes()));
}

void SftpServer::synchronize(SftpFields& fields) { answer(::fsync(handles_.descriptor(fields.text()))); }

void SftpServer::copy(SftpFields& fields) {
  SftpCopy copy;
  copy.from = handles_.file(fields.text());
  copy.from_offset = fields.long_number();
  copy.length = fields.long_number();
  copy.to = handles_.file(fields.text());
  copy.to_offset = fields.long_number();
  answer(copy_data(copy));
}

void SftpServer::read_open_file_system(SftpFields& fields) {
  struct statvfs status{};
  answer_file_system(::fstatvfs(handles_.descriptor(fields.text()), &status), status);
}

}  // namespace berth::agent
