// SPDX-License-Identifier: Apache-2.0
#include "agent/command_line.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <utility>

#include "agent/confine.h"
#include "agent/pack.h"
#include "agent/say.h"
#include "agent/sftp.h"
#include "agent/single_file.h"
#include "agent/unpack.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr const char* usage =
    "usage: berth-agent init [--filter] [--user USER] [--service-user USER] [--directory DIRECTORY]\n"
    "                        [-- SERVICE COMMAND...]\n"
    "       berth-agent read-tar|write-tar|read-file|write-file PATH\n"
    "       berth-agent sftp\n"
    "\"init\" expects a listening SOCK_SEQPACKET socket as descriptor 3, and with --filter\n"
    "a filter of system calls as descriptor 4.";

// A program with a closed standard descriptor would get its first file there.
void open_standard_descriptors() {
  int opened = 0;
  do {
    opened = ::open("/dev/null", O_RDWR);
  } while (opened >= 0 && opened <= STDERR_FILENO);
  ::close(opened);
}

Descriptor take_listener() {
  int listening = 0;
  int type = 0;
  socklen_t size = sizeof(int);
  if (::getsockopt(wire::agent_listen_descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      ::getsockopt(wire::agent_listen_descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || listening == 0 ||
      type != SOCK_SEQPACKET) {
    throw Error(ErrorKind::invalid_argument, "descriptor 3 is not a listening SOCK_SEQPACKET socket");
  }
  return Descriptor(wire::agent_listen_descriptor);
}

void run_agent(const std::vector<std::string>& arguments) {
  AgentOptions options = read_options(arguments);
  if (options.filter) {
    confine(Descriptor(wire::agent_filter_descriptor));
  }
  Descriptor listener = take_listener();
  open_standard_descriptors();
  // Whatever else the runtime left open must not reach the programs.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  ::fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
  ::umask(022);
  Agent(std::move(options), std::move(listener)).run();
}

}  // namespace

AgentOptions read_options(const std::vector<std::string>& arguments) {
  AgentOptions options{.image = {.environment = image_environment(), .user = {}}, .service = {}};
  for (std::size_t index = 0; index < arguments.size(); ++index) {
    const std::string& argument = arguments[index];
    if (argument == "--") {
      options.service.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(index) + 1, arguments.end());
      break;
    }
    if (argument == "--filter") {
      options.filter = true;
      continue;
    }
    std::string* option = argument == "--user"           ? &options.image.user
                          : argument == "--service-user" ? &options.service.user
                          : argument == "--directory"    ? &options.service.directory
                                                         : nullptr;
    if (option == nullptr || index + 1 == arguments.size()) {
      throw Error(ErrorKind::invalid_argument, usage);
    }
    *option = arguments[++index];
  }
  return options;
}

int run_program(const std::vector<std::string>& arguments) {
  try {
    const std::string what = arguments.empty() ? "" : arguments[0];
    if (what == "init") {
      run_agent({arguments.begin() + 1, arguments.end()});
    } else if (what == "sftp" && arguments.size() == 1) {
      serve_sftp(STDIN_FILENO, STDOUT_FILENO);
    } else if (arguments.size() != 2) {
      throw Error(ErrorKind::invalid_argument, usage);
    } else if (what == "read-tar") {
      pack(arguments[1]);
    } else if (what == "write-tar") {
      unpack(arguments[1]);
    } else if (what == "read-file") {
      read_file(arguments[1]);
    } else if (what == "write-file") {
      write_file(arguments[1]);
    } else {
      throw Error(ErrorKind::invalid_argument, usage);
    }
    return 0;
  } catch (const std::exception& error) {
    say(error.what());
    return 1;
  }
}

}  // namespace berth::agent
