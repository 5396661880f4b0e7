// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace berth::runtimes::local {

// Runs a program to its end. Throws std::runtime_error when it fails.
void run_program(const std::vector<std::string>& words);

// A real docker-registry on a free port of loopback, without TLS, and the programs to fill it. Gone with this object.
class TestRegistry {
 public:
  TestRegistry();
  ~TestRegistry();
  TestRegistry(const TestRegistry&) = delete;
  TestRegistry& operator=(const TestRegistry&) = delete;

  const std::string& host() const { return host_; }
  // A folder for the test's own files.
  const std::filesystem::path& folder() const { return folder_; }
  // Pushes an image of the programs below `root` (a folder) as `name`, "box:1".
  void push(const std::filesystem::path& root, const std::string& name);
  // The OCI layout that push() made last.
  std::filesystem::path layout() const { return folder_ / "layout"; }

 private:
  std::filesystem::path folder_;
  std::string host_;
  Descriptor log_;  // of the registry; open so that it can go on writing
  pid_t pid_ = -1;
};

}  // namespace berth::runtimes::local
