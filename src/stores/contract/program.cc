// SPDX-License-Identifier: Apache-2.0
#include "stores/contract/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace berth::stores::contract {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "berth-stores-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), name);
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Program::Program(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  output_ = Descriptor(ends[0]);
  const Descriptor input(ends[1]);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {  // only what is safe after fork() of a program with threads
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input.get(), STDOUT_FILENO);
    dup2(input.get(), STDERR_FILENO);
    execvp(pointers[0], pointers.data());
    _exit(127);
  }
  if (process_ < 0) {
    throw std::system_error(errno, std::generic_category(), "fork");
  }
}

Program::~Program() {
  if (process_ > 0) {
    signal(SIGKILL);
    wait();
  }
}

bool Program::read_line(std::string& line) {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return true;
    }
    if (!read_more(60'000)) {
      return false;
    }
  }
}

void Program::drain() {
  while (read_more(-1)) {
    unread_.clear();
  }
}

// False at the end of the output.
bool Program::read_more(int milliseconds) {
  pollfd ready{.fd = output_.get(), .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, milliseconds) == 0) {
    throw std::runtime_error("a program has been silent for a minute");
  }
  char buffer[4096];
  const ssize_t count = read(output_.get(), buffer, sizeof buffer);
  if (count <= 0) {
    return false;
  }
  unread_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

void Program::signal(int number) const { kill(process_, number); }

int Program::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return status;
}

}  // namespace berth::stores::contract
