// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/runtime.h"
#include "runtimes/fake/fake_disk.h"
#include "runtimes/fake/faults.h"

namespace berth::runtimes::fake {

// Images in memory: "busybox" is there from the start; "busybox" and "debian" can be built; what publish() put into
// the pretended registry can be pulled. Building, pulling and importing pass Faults under their warden operations
// (pull as import_image) after a first report of progress.
class FakeImages final : public core::ImageLibrary {
 public:
  explicit FakeImages(async::Executor executor);

  async::Task<std::vector<core::ImageStatus>> list() override;
  async::Task<core::ImageStatus> build(ImageName name, core::ProgressReport report) override;
  async::Task<core::ImageStatus> pull(core::RegistryReference reference, ImageName name,
                                      core::ProgressReport report) override;
  async::Task<core::ImageStatus> import(Descriptor file, wire::ImageForm form, ImageName name,
                                        core::ProgressReport report) override;
  async::Task<core::ImageStatus> commit(InstanceId id, ImageName name) override;
  async::Task<> remove(ImageName name) override;

  Faults& faults() { return faults_; }
  void add(core::ImageStatus image);
  // Makes "docker://host/name:tag" pullable.
  void publish(const std::string& reference) { published_.insert(reference); }

  // For FakeRuntime.
  const core::ImageStatus* find(const std::string& name) const;
  void hold(const std::string& name) { in_use_.insert(name); }
  void let_go(const std::string& name);
  // What an instance of the image begins with.
  FakeDisk disk_of(const std::string& name) const;
  // What a stopped instance's image is and what it holds. Throws as commit() does.
  struct Stopped {
    std::string image;
    FakeDisk disk;
  };
  void take_disks_from(std::function<Stopped(const InstanceId& id)> stopped) { stopped_ = std::move(stopped); }
  std::vector<std::string> recipes() const { return {"busybox", "debian"}; }

 private:
  void refuse_in_use(const std::string& name) const;
  async::Task<core::ImageStatus> make(wire::Operation operation, ImageName name, Bytes size,
                                      core::ProgressReport report);

  Faults faults_;
  std::map<std::string, core::ImageStatus> images_;
  std::set<std::string> published_;
  std::multiset<std::string> in_use_;
  std::map<std::string, FakeDisk> disks_;  // of committed images
  std::function<Stopped(const InstanceId& id)> stopped_;
};

}  // namespace berth::runtimes::fake
