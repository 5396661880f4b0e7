// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtimes/contract/runtime_contract.h"
#include "runtimes/local/local_images.h"
#include "runtimes/local/local_runtime.h"

namespace berth::runtimes::contract {

// A real berth-warden with folders and a name of its own. The destructor has it destroy everything it made and checks
// that this worked. Root only.
class TestHost {
 public:
  TestHost();
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  // For all tests of the program; gone before the program ends.
  static TestHost& shared();
  static void end_shared();

  local::Settings settings() const;
  void start();
  // SIGKILL; instances live on.
  void kill_warden();
  // The process that the instance began with, killed from outside.
  void kill_instance(const InstanceId& id) const;

 private:
  std::vector<std::string> command(const std::string& verb) const;

  std::string name_;
  std::filesystem::path folder_;
  pid_t warden_ = -1;
};

// The local runtime on the shared host. busybox is built if it is not there yet.
class LocalSubject final : public Subject {
 public:
  explicit LocalSubject(boost::asio::io_context& loop);
  core::Runtime& runtime() override { return runtime_; }
  core::ImageLibrary& images() override { return images_; }
  void end_by_itself(const InstanceId& id) override { TestHost::shared().kill_instance(id); }

 private:
  local::WardenClient client_;
  local::LocalRuntime runtime_;
  local::LocalImages images_;
};

}  // namespace berth::runtimes::contract
