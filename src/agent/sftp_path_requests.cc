// SPDX-License-Identifier: Apache-2.0
// What SFTP asks of paths.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/sftp_files.h"
#include "agent/sftp_server.h"
#include "agent/users.h"

namespace berth::agent {
namespace {

std::string own_home() {
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? home : "/";
}

// "~/x" and "~user/x" as a shell understands them.
std::string expand_home(const std::string& path) {
  if (!path.starts_with('~')) {
    return path;
  }
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string user = path.substr(1, end - 1);
  return (user.empty() ? own_home() : load_user(user).home) + path.substr(end);
}

}  // namespace

void SftpServer::read_attributes(SftpFields& fields) {
  struct stat status{};
  answer_attributes(::stat(fields.path().c_str(), &status), status);
}

void SftpServer::read_link_attributes(SftpFields& fields) {
  struct stat status{};
  answer_attributes(::lstat(fields.path().c_str(), &status), status);
}

void SftpServer::set_target_attributes(SftpFields& fields) {
  const std::string path = fields.path();
  answer(set_attributes({.path = path}, fields.attributes()));
}

void SftpServer::set_link_attributes(SftpFields& fields) {
  const std::string path = fields.path();
  answer(set_attributes({.path = path, .follows_link = false}, fields.attributes()));
}

void SftpServer::remove(SftpFields& fields) { answer(::unlink(fields.path().c_str())); }

void SftpServer::make_folder(SftpFields& fields) {
  const std::string path = fields.path();
  answer(::mkdir(path.c_str(), fields.attributes().mode.value_or(0777) & 07777));
}

void SftpServer::remove_folder(SftpFields& fields) { answer(::rmdir(fields.path().c_str())); }

void SftpServer::rename(SftpFields& fields) {
  const std::string from = fields.path();
  answer(rename_to_new(from, fields.path()));
}

void SftpServer::replace(SftpFields& fields) {
  const std::string from = fields.path();
  answer(::rename(from.c_str(), fields.path().c_str()));
}

void SftpServer::read_link(SftpFields& fields) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = ::readlink(fields.path().c_str(), target.data(), target.size());
  if (length < 0) {
    return answer(-1);
  }
  answer_name({target.data(), static_cast<std::size_t>(length)});
}

// The draft has the link's own path first. OpenSSH had it the other way round in its first release, and so does
// everybody since.
void SftpServer::make_link(SftpFields& fields) {
  const std::string target = fields.path();
  answer(::symlink(target.c_str(), fields.path().c_str()));
}

void SftpServer::make_hard_link(SftpFields& fields) {
  const std::string from = fields.path();
  answer(::link(from.c_str(), fields.path().c_str()));
}

void SftpServer::find_path(SftpFields& fields) {
  const std::string path = fields.path();
  const auto real = find_real_path(path.empty() ? "." : path);
  real ? answer_name(*real) : answer(-1);
}

void SftpServer::expand_path(SftpFields& fields) {
  const std::string path = expand_home(fields.path());
  const auto real = find_real_path(path.empty() ? "." : path);
  real ? answer_name(*real) : answer(-1);
}

void SftpServer::find_home(SftpFields& fields) {
  const std::string user = fields.path();
  answer_name(user.empty() ? own_home() : load_user(user).home);
}

void SftpServer::read_file_system(SftpFields& fields) {
  struct statvfs status{};
  answer_file_system(::statvfs(fields.path().c_str(), &status), status);
}

}  // namespace berth::agent
