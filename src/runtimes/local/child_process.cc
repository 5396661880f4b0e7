// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace berth::runtimes::local {
namespace {

namespace asio = boost::asio;

constexpr std::size_t longest_line = 4096;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    all.push_back(const_cast<char*>(text.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

// In a new process group, no signal blocked or ignored, output into `pipe`, no other descriptor of ours.
int spawn(const ChildCommand& command, int pipe) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, pipe, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, pipe, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int fault = posix_spawnp(&pid, command.words.at(0).c_str(), &files, &attributes, pointers(command.words).data(),
                                 pointers(command.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (fault != 0) {
    throw Error(ErrorKind::unavailable,
                "the program '" + command.words.at(0) + "' cannot be started: " + std::strerror(fault));
  }
  return pid;
}

// Gives whole lines to `on_line` and leaves the rest.
void split_lines(std::string& text, const std::function<void(std::string_view)>& on_line) {
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    on_line(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  text.erase(0, begin);
  if (text.size() >= longest_line) {
    on_line(text);
    text.clear();
  }
}

async::Task<> read_lines(Descriptor output, const std::function<void(std::string_view)>& on_line) {
  asio::posix::stream_descriptor pipe(co_await asio::this_coro::executor, output.release());
  std::string pending;
  std::array<char, longest_line> buffer{};
  for (;;) {
    boost::system::error_code fault;
    const std::size_t length =
        co_await pipe.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, fault));
    if (fault == asio::error::operation_aborted) {
      throw boost::system::system_error(fault);
    }
    if (fault) {
      break;
    }
    pending.append(buffer.data(), length);
    split_lines(pending, on_line);
  }
  if (!pending.empty()) {
    on_line(pending);
  }
}

}  // namespace

ChildProcess::ChildProcess(const ChildCommand& command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, "no pipe could be made: too many files are open");
  }
  output_ = Descriptor(ends[0]);
  const Descriptor writing(ends[1]);
  pid_ = spawn(command, writing.get());
  process_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));  // the header of glibc 2.36 is not for C++
}

ChildProcess::~ChildProcess() {
  if (!ended_) {
    kill(-pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
}

async::Task<std::optional<int>> ChildProcess::finish(std::function<void(std::string_view line)> on_line) {
  co_await read_lines(std::move(output_), on_line);
  if (!process_) {
    throw Error(ErrorKind::unavailable, "a program's end could not be awaited: too many files are open");
  }
  asio::posix::stream_descriptor process(co_await asio::this_coro::executor, process_.release());
  co_await process.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
  int status = 0;
  const pid_t waited = waitpid(pid_, &status, WNOHANG);
  ended_ = waited == pid_;
  co_return ended_&& WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

}  // namespace berth::runtimes::local
