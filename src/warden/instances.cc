// SPDX-License-Identifier: Apache-2.0
#include "warden/instances.h"

#include <algorithm>
#include <thread>

#include "base/ids.h"
#include "warden/commit_layer.h"
#include "warden/disk.h"
#include "warden/launch.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr std::size_t most_exports = 16;

// Tearing down shall leave processors to who comes meanwhile.
std::size_t threads_behind() { return std::clamp(std::thread::hardware_concurrency() / 2, 1U, 4U); }

}  // namespace

Instances::Instances(const Host& host, Networks& networks, Images& images, ExitEvents& ends)
    : host_(host), networks_(networks), images_(images), ends_(ends), work_(threads_behind()) {
  exits_ = std::make_unique<ExitWatch>([this](std::uint64_t run) { ended(run); });
}

Instances::~Instances() {
  exits_.reset();  // it posts to work_
}

Instances::Entry Instances::make(InstanceRecord record) {
  // The run's number leads back to the instance, which may be gone by then.
  const std::string id = record.id;
  return std::make_shared<Instance>(Instance::Surroundings{.host = host_,
                                                           .networks = networks_,
                                                           .ends = ends_,
                                                           .watch_exit =
                                                               [this, id](int pidfd, std::uint64_t run) {
                                                                 {
                                                                   const std::lock_guard lock(mutex_);
                                                                   runs_[run] = table_.at(id);
                                                                 }
                                                                 exits_->add(run, pidfd);
                                                               },
                                                           .next_run = [this] { return next_run_++; }},
                                    std::move(record));
}

void Instances::ended(std::uint64_t run) {
  Entry instance;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = runs_.find(run); found != runs_.end()) {
      instance = found->second.lock();
      runs_.erase(found);
    }
    exports_.erase(run);
  }
  if (instance) {
    work_.post([instance, run] { instance->ended(run); });
  }
}

void Instances::adopt() {
  std::vector<InstanceRecord> running;
  for (const auto& entry : std::filesystem::directory_iterator(host_.layout.instances())) {
    const std::string id = entry.path().filename();
    if (!is_name(id)) {
      continue;
    }
    std::optional<InstanceRecord> record = load_record(host_.layout.record(id));
    if (!record || record->id != id) {
      log_line("instance " + id + " has no record; what is left of it is removed");
      unmount_disk(disk_place(host_.layout, id));
      remove_tree(entry.path());
      continue;
    }
    const Entry instance = make(*record);
    {
      const std::lock_guard lock(mutex_);
      indexes_.insert(record->index);
      last_index_ = std::max(last_index_, record->index);
      table_[id] = instance;
    }
    instance->adopt();
    if (instance->phase() == Phase::destroying) {
      work_.post([this, instance] { bury(instance); });
    } else if (instance->status().activity != wire::InstanceActivity::stopped) {
      running.push_back(instance->record());
    }
  }
  networks_.adopt(running);
}

// Goes round before it uses one again: the links of an instance that just ended may not be gone yet.
std::uint32_t Instances::free_index() {
  const std::uint32_t most = host_.most_instances();
  for (std::uint32_t step = 1; step <= most; ++step) {
    const std::uint32_t index = (last_index_ + step) % most;
    if (indexes_.insert(index).second) {
      last_index_ = index;
      return index;
    }
  }
  throw Error(ErrorKind::exhausted, "this host has no uid range or address left for a further instance");
}

Instances::Entry Instances::find_or_null(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(id);
  return found == table_.end() ? nullptr : found->second;
}

Instances::Entry Instances::find_or_add(const std::string& id, const wire::InstanceSpec& spec) {
  const std::lock_guard lock(mutex_);
  if (const auto found = table_.find(id); found != table_.end()) {
    return found->second;
  }
  InstanceRecord record;
  record.id = id;
  record.index = free_index();
  record.first_uid = UidRange::of(host_.config.first_uid, record.index).first;
  record.spec = spec;
  return table_[id] = make(std::move(record));
}

void Instances::create(const std::string& id, const wire::InstanceSpec& spec) {
  for (;;) {
    const Entry instance = find_or_add(id, spec);
    try {
      if (instance->start(spec, [&] { return images_.find(spec.image); })) {
        if (spec.disk_kind == wire::DiskKind::disk) {
          // After a power cut the disk must be found again; nobody waits for that here.
          work_.post([file = host_.layout.record(id)] { make_durable(file); });
        }
        return;
      }
    } catch (...) {
      if (instance->phase() == Phase::destroying) {
        bury(instance);
      }
      throw;
    }
    bury(instance);  // it is being removed: lend a hand, or wait until that is done
  }
}

void Instances::bury(const Entry& instance) {
  end_exports(instance->id());
  instance->tear_down();
  const std::lock_guard lock(mutex_);
  const auto found = table_.find(instance->id());
  if (found != table_.end() && found->second == instance) {
    table_.erase(found);
    indexes_.erase(instance->index());
  }
}

void Instances::stop(const std::string& id) {
  if (const Entry instance = find_or_null(id)) {
    instance->stop();
  }
}

void Instances::destroy(const std::string& id) {
  const Entry instance = find_or_null(id);
  if (instance && instance->leave()) {
    work_.post([this, instance] { bury(instance); });
  }
}

std::vector<wire::InstanceStatus> Instances::list() const {
  std::vector<Entry> entries;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, instance] : table_) {
      entries.push_back(instance);
    }
  }
  std::vector<wire::InstanceStatus> statuses;
  for (const Entry& instance : entries) {
    if (instance->phase() == Phase::made) {
      statuses.push_back(instance->status());
    }
  }
  return statuses;
}

std::shared_ptr<Instance> Instances::find(const std::string& id) const {
  Entry instance = find_or_null(id);
  if (!instance || instance->phase() != Phase::made) {
    throw Error(ErrorKind::not_found, "there is no such instance on this host", "id");
  }
  return instance;
}

Descriptor Instances::export_disk(const std::string& id) {
  const Entry instance = find(id);
  {
    const std::lock_guard lock(mutex_);
    if (exports_.size() >= most_exports) {
      throw Error(ErrorKind::exhausted, "too many exports are under way on this host; try again later");
    }
  }
  Export started = instance->export_disk();
  const std::uint64_t number = next_run_++;
  const std::lock_guard lock(mutex_);
  const auto place = exports_.emplace(number, RunningExport{id, std::move(started.packer)}).first;
  exits_->add(number, place->second.packer.pidfd());
  return std::move(started.tar);
}

wire::ImageStatus Instances::commit_image(const std::string& id, const std::string& name) {
  wire::ImageStatus image;
  find(id)->with_stopped_layer([&](const InstanceRecord& record, const path& upper) {
    const UnpackLimits limits{host_.config.largest_image, host_.config.most_image_files};
    image = images_.commit(
        name, record.spec.image, [&] { return use_image(name); },
        [&](const path& layer) { return copy_layer(upper, layer, UidRange{record.first_uid}, limits); });
  });
  return image;
}

// A reader that never ends would keep the disk of a destroyed instance for ever.
void Instances::end_exports(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(exports_, [&](const auto& row) { return row.second.id == id; });
}

bool Instances::use_image(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(table_, [&](const auto& row) { return row.second->record().spec.image == name; });
}

void Instances::destroy_all() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, instance] : table_) {
      ids.push_back(id);
    }
  }
  for (const std::string& id : ids) {
    destroy(id);
  }
  work_.drain();
}

}  // namespace berth::warden
