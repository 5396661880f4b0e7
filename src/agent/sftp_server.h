// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <ctime>
#include <span>
#include <string_view>

#include "agent/sftp_handles.h"
#include "agent/sftp_listing.h"
#include "agent/sftp_wire.h"

namespace berth::agent {

// Answers the requests of one SFTP client, in order, as whoever this process is: what is allowed, the kernel decides.
// Relative paths begin at the working directory. Lives as long as the client's connection.
class SftpServer {
 public:
  // Answers one packet, given without its length. Throws Error{invalid_argument} at one that no answer could be for.
  void handle(std::string_view packet);
  // What was answered and not yet sent.
  SftpReplies& replies() { return replies_; }

 private:
  using Handler = void (SftpServer::*)(SftpFields&);
  struct Request {
    SftpType type;
    Handler handler;
  };
  struct Extension {
    std::string_view name;
    std::string_view version;
    Handler handler;
  };
  static std::span<const Request> requests();
  static std::span<const Extension> extensions();

  void greet(SftpFields& fields);
  void dispatch(SftpType type, SftpFields& fields);
  void extend(SftpFields& fields);

  void answer(SftpStatus status, std::string_view message);
  void answer(int result);  // of a system call
  void answer_handle(std::uint32_t handle);
  void answer_name(std::string_view name);
  void answer_attributes(int result, const struct stat& status);
  void answer_file_system(int result, const struct statvfs& status);

  // Of what is open: sftp_handle_requests.cc
  void open_file(SftpFields& fields);
  void open_folder(SftpFields& fields);
  void close(SftpFields& fields);
  void read(SftpFields& fields);
  void write(SftpFields& fields);
  void read_folder(SftpFields& fields);
  bool put_entry(DIR* folder, std::time_t now);
  void read_open_attributes(SftpFields& fields);
  void set_open_attributes(SftpFields& fields);
  void synchronize(SftpFields& fields);
  void copy(SftpFields& fields);
  void read_open_file_system(SftpFields& fields);

  // Of names: sftp_path_requests.cc
  void read_attributes(SftpFields& fields);
  void read_link_attributes(SftpFields& fields);
  void set_target_attributes(SftpFields& fields);
  void set_link_attributes(SftpFields& fields);
  void remove(SftpFields& fields);
  void make_folder(SftpFields& fields);
  void remove_folder(SftpFields& fields);
  void rename(SftpFields& fields);
  void replace(SftpFields& fields);
  void read_link(SftpFields& fields);
  void make_link(SftpFields& fields);
  void make_hard_link(SftpFields& fields);
  void find_path(SftpFields& fields);
  void expand_path(SftpFields& fields);
  void find_home(SftpFields& fields);
  void read_file_system(SftpFields& fields);

  void tell_limits(SftpFields& fields);
  void name_users(SftpFields& fields);

  SftpReplies replies_;
  SftpHandles handles_;
  SftpNames names_;
  std::uint32_t request_ = 0;  // the number of the one being answered
  bool greeted_ = false;
};

}  // namespace berth::agent
