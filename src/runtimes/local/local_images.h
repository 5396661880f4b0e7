// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "async/blocking_pool.h"
#include "core/runtime.h"
#include "runtimes/local/warden_client.h"

namespace berth::runtimes::local {

// The warden's images. What comes from a registry or an upload is fetched and unpacked here, as berthd's user, in a
// scratch folder, and given to the warden as an open folder or file. The client outlives it; cancelling an operation
// ends its download and removes the scratch folder, while the warden may still finish an image it has begun.
class LocalImages final : public core::ImageLibrary {
 public:
  // Removes what an earlier process left in the image folder, which nobody else may use.
  explicit LocalImages(WardenClient& warden);

  async::Task<std::vector<core::ImageStatus>> list() override;
  async::Task<core::ImageStatus> build(ImageName name, core::ProgressReport report) override;
  async::Task<core::ImageStatus> pull(core::RegistryReference reference, ImageName name,
                                      core::ProgressReport report) override;
  async::Task<core::ImageStatus> import(Descriptor file, wire::ImageForm form, ImageName name,
                                        core::ProgressReport report) override;
  async::Task<core::ImageStatus> commit(InstanceId id, ImageName name) override;
  async::Task<> remove(ImageName name) override;

 private:
  async::Task<core::ImageStatus> hand_over(Descriptor source, wire::ImageForm form, ImageName name,
                                           core::ProgressReport report);

  WardenClient& warden_;
  async::BlockingPool pool_{1};
};

}  // namespace berth::runtimes::local
