// SPDX-License-Identifier: Apache-2.0
#include "agent/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "agent/terminal.h"
#include "agent/users.h"
#include "base/error.h"

namespace berth::agent {
namespace {

[[noreturn]] void refuse_descriptor() {
  throw Error(ErrorKind::exhausted, "the instance has no free file descriptors");
}

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    refuse_descriptor();
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Only our end: each end of a pipe has flags of its own, and programs do not expect EAGAIN.
void make_non_blocking(const Descriptor& end) { ::fcntl(end.get(), F_SETFL, ::fcntl(end.get(), F_GETFL) | O_NONBLOCK); }

Program start_with_pipes(Launch launch) {
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe error = make_pipe();
  make_non_blocking(input.writing);
  make_non_blocking(output.reading);
  make_non_blocking(error.reading);
  launch.descriptors = {input.reading.get(), output.writing.get(), error.writing.get()};
  return {.process = berth::agent::launch(launch),
          .input = std::move(input.writing),
          .output = std::move(output.reading),
          .error = std::move(error.reading),
          .terminal = {}};
}

Program start_with_terminal(Launch launch, const wire::WindowSize& size) {
  Terminal terminal = open_terminal(size, launch.user.uid);
  Descriptor input(::fcntl(terminal.ours.get(), F_DUPFD_CLOEXEC, 0));
  if (!input) {
    refuse_descriptor();
  }
  launch.descriptors.fill(terminal.program.get());
  launch.controlling_terminal = true;
  return {.process = berth::agent::launch(launch),
          .input = std::move(input),
          .output = std::move(terminal.ours),
          .error = {},
          .terminal = std::move(terminal.program)};
}

Program start_terminal(const wire::OpenSession& request, const Image& image, const User& user) {
  Environment environment = program_environment(image.environment, user, request.environment);
  environment.emplace("TERM", "xterm-256color");
  if (!request.command.empty()) {
    return start_with_terminal(prepare(request.command, user, environment, request.directory), request.size);
  }
  Launch shell = prepare({user.shell}, user, environment, request.directory);
  shell.arguments = {"-" + user.shell.substr(user.shell.rfind('/') + 1)};  // how login(1) says "login shell"
  return start_with_terminal(std::move(shell), request.size);
}

Program start_file_program(const char* name, const wire::OpenSession& request, const Image& image) {
  if (request.path.empty()) {
    throw Error(ErrorKind::invalid_argument, "the path is empty");
  }
  const User user = load_user(request.user);
  Launch launch = prepare({"/proc/self/exe", name, request.path}, user,
                          program_environment(image.environment, user, {}), request.directory);
  launch.arguments.front() = "berth-agent";
  return start_with_pipes(std::move(launch));
}

Program start_sftp(const wire::OpenSession& request, const Image& image, const User& user) {
  Launch launch = prepare({"/proc/self/exe", "sftp"}, user,
                          program_environment(image.environment, user, request.environment), request.directory);
  launch.arguments.front() = "berth-agent";
  return start_with_pipes(std::move(launch));
}

}  // namespace

Program start_program(const wire::OpenSession& request, const Image& image) {
  const auto user = [&] { return load_user(request.user.empty() ? image.user : request.user); };
  switch (request.kind) {
    case wire::SessionKind::terminal:
      return start_terminal(request, image, user());
    case wire::SessionKind::read_tar:
      return start_file_program("read-tar", request, image);
    case wire::SessionKind::write_tar:
      return start_file_program("write-tar", request, image);
    case wire::SessionKind::read_file:
      return start_file_program("read-file", request, image);
    case wire::SessionKind::write_file:
      return start_file_program("write-file", request, image);
    case wire::SessionKind::sftp:
      return start_sftp(request, image, user());
    case wire::SessionKind::command:
      break;
  }
  const User who = user();
  return start_with_pipes(prepare(request.command, who,
                                  program_environment(image.environment, who, request.environment), request.directory));
}

}  // namespace berth::agent
