// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "warden/config.h"
#include "warden/layout.h"
#include "warden/reporting_program.h"
#include "warden/work_queue.h"
#include "wire/warden_protocol.h"

namespace berth::warden {

// The images on this host: DATA/images/NAME with rootfs/ or layer/ (owners 0 to 65535, in a folder only root may enter)
// and image.json. An image appears and disappears whole, by renaming. Any thread.
class Images {
 public:
  Images(const Config& config, Layout layout);

  std::vector<wire::ImageStatus> list() const;
  // Throws Error{not_found}.
  wire::ImageStatus find(const std::string& name) const;
  std::vector<std::string> recipes() const;

  // Each makes the image `name`; another one that is making it: Error{conflict}. build: one that exists is left alone.
  wire::ImageStatus build(const std::string& name, const ReportProgress& report);
  wire::ImageStatus import(const std::string& name, wire::ImageForm form, Descriptor source,
                           const std::function<bool()>& in_use, const ReportProgress& report);
  // A layer over `base`, which some instance uses meanwhile: `fill` puts its files into the folder it is given and
  // returns their size.
  wire::ImageStatus commit(const std::string& name, const std::string& base, const std::function<bool()>& in_use,
                           const std::function<Bytes(const path& layer)>& fill);
  // `in_use` is asked while no image changes; true: Error{conflict}, as below another image. An unknown name is
  // success.
  void remove(const std::string& name, const std::function<bool()>& in_use);
  // What an interrupted import or removal left.
  void remove_leftovers();

 private:
  class Making;

  void refuse_in_use(const std::string& name, const std::function<bool()>& in_use) const;
  std::vector<wire::ImageStatus> load_all() const;
  wire::ImageStatus keep(const std::string& name, const path& partial, wire::ImageStatus status,
                         const std::function<bool()>& in_use);
  void put_away(const std::string& name);

  const Config& config_;
  Layout layout_;
  mutable std::mutex mutex_;  // of the names in DATA/images and `making_`
  std::set<std::string> making_;
  WorkQueue deletions_{1};
};

}  // namespace berth::warden
