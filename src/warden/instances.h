// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "warden/exit_events.h"
#include "warden/exit_watch.h"
#include "warden/host.h"
#include "warden/images.h"
#include "warden/instance.h"
#include "warden/networks.h"
#include "warden/work_queue.h"

namespace berth::warden {

// The instances of this host. Any thread. Destroying this object leaves them running.
class Instances {
 public:
  Instances(const Host& host, Networks& networks, Images& images, ExitEvents& ends);
  ~Instances();

  // Finds what an earlier warden left, before anything else is asked: running ones are taken over, half-made ones are
  // removed.
  void adopt();
  void create(const std::string& id, const wire::InstanceSpec& spec);
  void stop(const std::string& id);
  // Returns when its processes are killed; the rest happens behind.
  void destroy(const std::string& id);
  std::vector<wire::InstanceStatus> list() const;
  // Throws Error{not_found}.
  std::shared_ptr<Instance> find(const std::string& id) const;
  // A pipe from which its file system can be read as a tar.
  Descriptor export_disk(const std::string& id);
  // What a stopped instance changed, as an image over its own.
  wire::ImageStatus commit_image(const std::string& id, const std::string& name);
  bool use_image(const std::string& name) const;
  void destroy_all();

 private:
  // Shared: a thread may still hold one that another thread has just removed from the table.
  using Entry = std::shared_ptr<Instance>;

  Entry find_or_null(const std::string& id) const;
  Entry find_or_add(const std::string& id, const wire::InstanceSpec& spec);
  Entry make(InstanceRecord record);
  std::uint32_t free_index();
  void bury(const Entry& instance);
  void ended(std::uint64_t run);
  void end_exports(const std::string& id);

  const Host& host_;
  Networks& networks_;
  Images& images_;
  ExitEvents& ends_;
  mutable std::mutex mutex_;  // of what follows
  std::map<std::string, Entry> table_;
  std::set<std::uint32_t> indexes_;
  std::uint32_t last_index_ = 0;
  std::map<std::uint64_t, std::weak_ptr<Instance>> runs_;
  struct RunningExport {
    std::string id;
    Child packer;
  };
  std::map<std::uint64_t, RunningExport> exports_;
  std::atomic<std::uint64_t> next_run_ = 1;
  WorkQueue work_;
  std::unique_ptr<ExitWatch> exits_;
};

}  // namespace berth::warden
