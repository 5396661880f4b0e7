// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/runtime.h"
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
  async::Task<> remove(ImageName name) override;

  Faults& faults() { return faults_; }
  void add(core::ImageStatus image);
  // Makes "docker://host/name:tag" pullable.
  void publish(const std::string& reference) { published_.insert(reference); }

  // For FakeRuntime.
  const core::ImageStatus* find(const std::string& name) const;
  void hold(const std::string& name) { in_use_.insert(name); }
  void let_go(const std::string& name);
  std::vector<std::string> recipes() const { return {"busybox", "debian"}; }

 private:
  async::Task<core::ImageStatus> make(wire::Operation operation, ImageName name, Bytes size,
                                      core::ProgressReport report);

  Faults faults_;
  std::map<std::string, core::ImageStatus> images_;
  std::set<std::string> published_;
  std::multiset<std::string> in_use_;
};

}  // namespace berth::runtimes::fake
