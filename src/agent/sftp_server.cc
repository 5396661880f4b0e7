// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::uint64_t read_only_flag = 1;
constexpr std::uint64_t no_setuid_flag = 2;

SftpStatus status_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return SftpStatus::no_such_file;
    case EPERM:
    case EACCES:
      return SftpStatus::permission_denied;
    case ENAMETOOLONG:
    case EINVAL:
      return SftpStatus::bad_message;
    case ENOSYS:
    case EOPNOTSUPP:
      return SftpStatus::unsupported;
    default:
      return SftpStatus::failure;
  }
}

SftpStatus status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return SftpStatus::bad_message;
    case ErrorKind::not_found:
      return SftpStatus::no_such_file;
    default:
      return SftpStatus::failure;
  }
}

}  // namespace

std::span<const SftpServer::Request> SftpServer::requests() {
  static constexpr auto all = std::to_array<Request>({
      {SftpType::open, &SftpServer::open_file},
      {SftpType::close, &SftpServer::close},
      {SftpType::read, &SftpServer::read},
      {SftpType::write, &SftpServer::write},
      {SftpType::lstat, &SftpServer::read_link_attributes},
      {SftpType::fstat, &SftpServer::read_open_attributes},
      {SftpType::setstat, &SftpServer::set_target_attributes},
      {SftpType::fsetstat, &SftpServer::set_open_attributes},
      {SftpType::opendir, &SftpServer::open_folder},
      {SftpType::readdir, &SftpServer::read_folder},
      {SftpType::remove, &SftpServer::remove},
      {SftpType::mkdir, &SftpServer::make_folder},
      {SftpType::rmdir, &SftpServer::remove_folder},
      {SftpType::realpath, &SftpServer::find_path},
      {SftpType::stat, &SftpServer::read_attributes},
      {SftpType::rename, &SftpServer::rename},
      {SftpType::readlink, &SftpServer::read_link},
      {SftpType::symlink, &SftpServer::make_link},
      {SftpType::extended, &SftpServer::extend},
  });
  return all;
}

// What is told to the client is what there is.
std::span<const SftpServer::Extension> SftpServer::extensions() {
  static constexpr auto all = std::to_array<Extension>({
      {"posix-rename@openssh.com", "1", &SftpServer::replace},
      {"statvfs@openssh.com", "2", &SftpServer::read_file_system},
      {"fstatvfs@openssh.com", "2", &SftpServer::read_open_file_system},
      {"hardlink@openssh.com", "1", &SftpServer::make_hard_link},
      {"fsync@openssh.com", "1", &SftpServer::synchronize},
      {"lsetstat@openssh.com", "1", &SftpServer::set_link_attributes},
      {"limits@openssh.com", "1", &SftpServer::tell_limits},
      {"expand-path@openssh.com", "1", &SftpServer::expand_path},
      {"users-groups-by-id@openssh.com", "1", &SftpServer::name_users},
      {"copy-data", "1", &SftpServer::copy},
      {"home-directory", "1", &SftpServer::find_home},
  });
  return all;
}

void SftpServer::handle(std::string_view packet) {
  SftpFields fields(packet);
  const auto type = static_cast<SftpType>(fields.byte());
  if (type == SftpType::init) {
    return greet(fields);
  }
  if (!greeted_) {
    throw Error(ErrorKind::invalid_argument, "the client sent a request before it said which version it speaks");
  }
  request_ = fields.number();
  const std::size_t before = replies_.size();
  try {
    dispatch(type, fields);
  } catch (const Error& error) {
    replies_.shorten(before);
    answer(status_of(error.kind()), error.what());
  }
}

void SftpServer::greet(SftpFields& fields) {
  fields.number();  // its version; there is no client that does not speak this one
  greeted_ = true;
  replies_.begin(SftpType::version);
  replies_.put_number(sftp_version);
  for (const Extension& extension : extensions()) {
    replies_.put_text(extension.name);
    replies_.put_text(extension.version);
  }
  replies_.end();
}

void SftpServer::dispatch(SftpType type, SftpFields& fields) {
  const auto found = std::ranges::find(requests(), type, &Request::type);
  if (found == requests().end()) {
    return answer(SftpStatus::unsupported, "this request is unknown");
  }
  (this->*found->handler)(fields);
}

void SftpServer::extend(SftpFields& fields) {
  const auto found = std::ranges::find(extensions(), fields.text(), &Extension::name);
  if (found == extensions().end()) {
    return answer(SftpStatus::unsupported, "this extension is unknown");
  }
  (this->*found->handler)(fields);
}

void SftpServer::answer(SftpStatus status, std::string_view message) {
  replies_.begin(SftpType::status, request_);
  replies_.put_number(static_cast<std::uint32_t>(status));
  replies_.put_text(message);
  replies_.put_text("");  // the language
  replies_.end();
}

void SftpServer::answer(int result) {
  if (result == 0) {
    return answer(SftpStatus::ok, "Success");
  }
  const int number = errno;
  answer(status_of(number), std::strerror(number));
}

void SftpServer::answer_handle(std::uint32_t handle) {
  replies_.begin(SftpType::handle, request_);
  replies_.put_number(sizeof handle);
  replies_.put_number(handle);
  replies_.end();
}

void SftpServer::answer_name(std::string_view name) {
  replies_.begin(SftpType::name, request_);
  replies_.put_number(1);
  replies_.put_text(name);
  replies_.put_text(name);
  replies_.put_attributes({});
  replies_.end();
}

void SftpServer::answer_attributes(int result, const struct stat& status) {
  if (result != 0) {
    return answer(result);
  }
  replies_.begin(SftpType::attributes, request_);
  replies_.put_attributes(attributes_of(status));
  replies_.end();
}

void SftpServer::answer_file_system(int result, const struct statvfs& status) {
  if (result != 0) {
    return answer(result);
  }
  const std::uint64_t flags =
      ((status.f_flag & ST_RDONLY) != 0 ? read_only_flag : 0) | ((status.f_flag & ST_NOSUID) != 0 ? no_setuid_flag : 0);
  replies_.begin(SftpType::extended_reply, request_);
  for (const std::uint64_t number :
       {std::uint64_t{status.f_bsize}, std::uint64_t{status.f_frsize}, std::uint64_t{status.f_blocks},
        std::uint64_t{status.f_bfree}, std::uint64_t{status.f_bavail}, std::uint64_t{status.f_files},
        std::uint64_t{status.f_ffree}, std::uint64_t{status.f_favail}, std::uint64_t{status.f_fsid}, flags,
        std::uint64_t{status.f_namemax}}) {
    replies_.put_long(number);
  }
  replies_.end();
}

void SftpServer::tell_limits(SftpFields& /*fields*/) {
  replies_.begin(SftpType::extended_reply, request_);
  replies_.put_long(sftp_longest_packet);
  replies_.put_long(sftp_longest_data);
  replies_.put_long(sftp_longest_data);
  replies_.put_long(SftpHandles::most);
  replies_.end();
}

// Two lists of numbers are answered with two lists of names, each list a text.
void SftpServer::name_users(SftpFields& fields) {
  constexpr std::size_t most = 2048;  // of both together, for the answer has to fit into a packet
  SftpFields users(fields.text());
  SftpFields groups(fields.text());
  std::string user_names;
  std::string group_names;
  std::size_t count = 0;
  const auto append = [&](std::string& list, const std::string& name) {
    if (++count > most) {
      throw Error(ErrorKind::too_large, "these are too many users and groups for one request");
    }
    SftpReplies text;
    text.put_text(name);
    list += text.bytes();
  };
  while (!users.empty()) {
    append(user_names, names_.user(users.number()));
  }
  while (!groups.empty()) {
    append(group_names, names_.group(groups.number()));
  }
  replies_.begin(SftpType::extended_reply, request_);
  replies_.put_text(user_names);
  replies_.put_text(group_names);
  replies_.end();
}

}  // namespace berth::agent
