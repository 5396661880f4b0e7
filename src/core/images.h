// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "core/access.h"
#include "core/journal.h"
#include "core/pools.h"
#include "core/runtime.h"

namespace berth::core {

// The use cases of images. Preparing one is a task of its own, whose progress is kept in memory and followed by
// progressed(). Lives as long as the server; cancelling `tasks` ends what is being prepared.
class Images {
 public:
  Images(Journal& journal, ImageLibrary& library, Pools& pools, const Clock& clock, async::TaskGroup& tasks);

  async::Task<std::vector<Image>> list(Caller caller);
  async::Task<Image> find(Caller caller, ImageName name);
  // Starts pulling "docker://…", Error{invalid_argument} when it is malformed; none: the name is the last part of the
  // reference.
  async::Task<Image> pull(Caller caller, std::string reference, std::optional<std::string> name);
  // Returns when it is ready. Throws Error{invalid_argument} on a hostile archive.
  async::Task<Image> import(Caller caller, ImageName name, Descriptor file, wire::ImageForm form);
  async::Task<> remove(Caller caller, ImageName name);

  // At start: takes over what the library holds, builds the recipes it lacks (in their order), gives up what was
  // interrupted.
  async::Task<> prepare_built_in(std::vector<std::string> recipes);

  // Fires at each step of any image being prepared.
  async::Trigger& progressed() { return progressed_; }
  // The images being prepared, with their progress.
  std::vector<Image> preparing() const;

 private:
  async::Task<Image> begin(ImageName name, std::string source);
  async::Task<> finish(ImageName name, async::Task<ImageStatus> work);
  async::Task<> pull_in_background(ImageName name, RegistryReference reference);
  async::Task<> record_ready(ImageName name, Bytes size);
  async::Task<> record_failed(ImageName name, std::string reason);
  async::Task<> remove_files(ImageName name);
  ProgressReport reporter(ImageName name);

  Journal& journal_;
  ImageLibrary& library_;
  Pools& pools_;
  const Clock& clock_;
  async::TaskGroup& tasks_;
  std::map<ImageName, Image> preparing_;
  async::Trigger progressed_;
};

}  // namespace berth::core
