// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/test_registry.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace berth::runtimes::local {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) {
    all.push_back(const_cast<char*>(text.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

// Starts a program that dies with us, its standard error in `output`.
pid_t start(const std::vector<std::string>& words, int output) {
  const auto arguments = pointers(words);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(output, STDERR_FILENO);
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  return pid;
}

// The port of its first line that tells where it listens.
std::string port_from_log(int log) {
  constexpr std::string_view words = "listening on 127.0.0.1:";
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t length = read(log, buffer.data(), buffer.size());
    if (length <= 0) {
      throw std::runtime_error("docker-registry did not start: " + text);
    }
    text.append(buffer.data(), static_cast<std::size_t>(length));
    const std::size_t found = text.find(words);
    const std::size_t end = text.find('"', found);
    if (found != std::string::npos && end != std::string::npos) {
      return text.substr(found + words.size(), end - found - words.size());
    }
  }
}

}  // namespace

void run_program(const std::vector<std::string>& words) {
  pid_t pid = -1;
  int status = -1;
  if (posix_spawnp(&pid, words[0].c_str(), nullptr, nullptr, pointers(words).data(), environ) != 0 ||
      waitpid(pid, &status, 0) != pid || status != 0) {
    throw std::runtime_error("failed: " + words[0]);
  }
}

// A constructor that throws leaves the folder and the process behind, and the test program ends.
TestRegistry::TestRegistry() {
  std::string name = (std::filesystem::temp_directory_path() / "berth-test-registry-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  std::ofstream(folder_ / "config.yml") << "version: 0.1\n"
                                        << "log: {level: info}\n"
                                        << "storage: {filesystem: {rootdirectory: " << (folder_ / "storage").string()
                                        << "}}\nhttp: {addr: '127.0.0.1:0'}\n";
  std::array<int, 2> log{};
  if (pipe2(log.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  log_ = Descriptor(log[0]);
  Descriptor writing(log[1]);
  fcntl(log_.get(), F_SETPIPE_SZ, 1 << 20);  // more than it logs in a test
  pid_ = start({"docker-registry", "serve", (folder_ / "config.yml").string()}, writing.get());
  writing.reset();
  host_ = "127.0.0.1:" + port_from_log(log_.get());
}

TestRegistry::~TestRegistry() {
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  std::filesystem::remove_all(folder_);
}

void TestRegistry::push(const std::filesystem::path& root, const std::string& name) {
  std::filesystem::remove_all(layout());
  const std::string image = layout().string() + ":made";
  run_program({"umoci", "init", "--layout", layout().string()});
  run_program({"umoci", "new", "--image", image});
  run_program({"umoci", "insert", "--image", image, root.string(), "/"});
  run_program({"umoci", "config", "--image", image, "--config.cmd", "/bin/sh", "--config.env", "FLAVOUR=plain",
               "--config.workingdir", "/srv"});
  run_program({"skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "oci:" + image,
               "docker://" + host_ + "/" + name});
}

}  // namespace berth::runtimes::local
