// SPDX-License-Identifier: Apache-2.0
#include "warden/instance.h"

#include <fcntl.h>
#include <unistd.h>

#include "warden/agent_socket.h"
#include "warden/launch.h"
#include "warden/mount_namespace.h"
#include "warden/network_namespace.h"
#include "warden/spawn.h"
#include "warden/system_error.h"

namespace berth::warden {
namespace {

constexpr Milliseconds agent_limit = std::chrono::seconds(2);
constexpr Milliseconds connect_limit = std::chrono::seconds(3);
constexpr Milliseconds kill_limit = std::chrono::seconds(20);

[[noreturn]] void refuse_not_running() { throw Error(ErrorKind::conflict, "the instance does not run"); }

void require_same_disk(const wire::InstanceSpec& kept, const wire::InstanceSpec& wanted) {
  if (kept.image != wanted.image || kept.disk_kind != wanted.disk_kind || kept.disk != wanted.disk) {
    throw Error(ErrorKind::conflict, "the instance exists with another image or disk; destroy it first", "spec");
  }
}

}  // namespace

Instance::Instance(const Surroundings& surroundings, InstanceRecord record)
    : surroundings_(surroundings),
      host_(surroundings.host),
      id_(record.id),
      index_(record.index),
      record_(std::move(record)) {}

InstanceRecord Instance::record() const {
  const std::lock_guard lock(state_);
  return record_;
}

Phase Instance::phase() const {
  const std::lock_guard lock(state_);
  return record_.phase;
}

wire::InstanceStatus Instance::status() const {
  const std::lock_guard lock(state_);
  using enum wire::InstanceActivity;
  return {.id = id_,
          .image = record_.spec.image,
          .activity = !run_          ? stopped
                      : run_->paused ? paused
                                     : running,
          .out_of_memory = run_ ? host_.cgroups.out_of_memory_kills(id_) > 0 : record_.out_of_memory};
}

void Instance::update(const std::function<void(InstanceRecord&)>& change) {
  InstanceRecord changed = record();
  change(changed);
  save_record(host_.layout.record(id_), changed);
  const std::lock_guard lock(state_);
  record_ = std::move(changed);
}

bool Instance::start(const wire::InstanceSpec& spec, const std::function<wire::ImageStatus()>& find_image) {
  const std::lock_guard busy(busy_);
  if (phase() == Phase::destroying) {
    return false;
  }
  if (phase() == Phase::made) {
    require_same_disk(record().spec, spec);
    if (!run_) {
      start_run(spec, find_image());
    }
    return true;
  }
  try {
    start_run(spec, find_image());
  } catch (...) {
    mark_leaving();  // a new one that could not be made leaves nothing; an old one keeps its disk
    throw;
  }
  return true;
}

void Instance::start_run(const wire::InstanceSpec& spec, const wire::ImageStatus& image) {
  const InstanceRecord before = record();
  require_room(host_.layout.instances());
  make_folder(host_.layout.instance(id_), 0700);
  update([&](InstanceRecord& record) {
    record.spec = spec;
    record.starting = true;
  });
  Launched launched = launch(host_, surroundings_.networks, record(), image,
                             before.spec.egress != spec.egress || before.spec.network != spec.network);
  update([&](InstanceRecord& record) {
    record.phase = Phase::made;
    record.starting = false;
    record.running = launched.process;
    record.out_of_memory = false;
  });
  set_running(launched.process, std::move(launched.pidfd));
}

void Instance::set_running(const ProcessRecord& process, Descriptor pidfd) {
  const std::uint64_t number = surroundings_.next_run();
  const int descriptor = pidfd.get();
  {
    const std::lock_guard lock(state_);
    run_ = Run{number, process.pid, std::move(pidfd), host_.cgroups.is_frozen(id_)};
  }
  surroundings_.watch_exit(descriptor, number);
}

void Instance::kill_and_wait() {
  // A frozen process does not die under cgroups version 1.
  if (run_->paused) {
    host_.runtime.resume(id_, host_.layout.instance(id_));
  }
  kill_process(run_->pidfd.get());
  if (!wait_readable(run_->pidfd.get(), kill_limit)) {
    throw Error(ErrorKind::timed_out, "the instance's processes do not end; look at the host's kernel log");
  }
}

// Its processes have ended: keep what the kernel counted, then remove the container.
void Instance::finish_run() {
  const bool out_of_memory = host_.cgroups.out_of_memory_kills(id_) > 0;
  clear_run(host_, surroundings_.networks, record());
  {
    const std::lock_guard lock(state_);
    run_.reset();
  }
  try {
    update([&](InstanceRecord& record) {
      record.running.reset();
      record.out_of_memory = out_of_memory;
    });
  } catch (const Error& fault) {
    log_line("instance " + id_ + ": " + fault.what());  // a full disk; a restart finds the process gone
  }
  surroundings_.ends.publish(status());
}

void Instance::stop() {
  const std::lock_guard busy(busy_);
  if (run_) {
    kill_and_wait();
    finish_run();
  }
}

void Instance::ended(std::uint64_t run) {
  const std::lock_guard busy(busy_);
  if (run_ && run_->number == run && phase() == Phase::made) {
    finish_run();
  }
}

void Instance::pause() {
  const std::lock_guard busy(busy_);
  if (!run_) {
    refuse_not_running();
  }
  if (!run_->paused) {
    host_.runtime.pause(id_, host_.layout.instance(id_));
    const std::lock_guard lock(state_);
    run_->paused = true;
  }
}

void Instance::resume() {
  const std::lock_guard busy(busy_);
  if (!run_) {
    refuse_not_running();
  }
  if (run_->paused) {
    host_.runtime.resume(id_, host_.layout.instance(id_));
    const std::lock_guard lock(state_);
    run_->paused = false;
  }
}

// Also when the record cannot be written: a full disk must not keep anybody from freeing some.
void Instance::mark_leaving() {
  InstanceRecord changed = record();
  changed.phase = Phase::destroying;
  {
    const std::lock_guard lock(state_);
    record_ = changed;
  }
  // Before its first start it has no folder, and so nothing that a restart could find.
  if (::access(host_.layout.instance(id_).c_str(), F_OK) != 0) {
    return;
  }
  try {
    save_record(host_.layout.record(id_), changed);
  } catch (const Error& fault) {
    log_line("instance " + id_ + ": " + fault.what());
  }
}

bool Instance::leave() {
  const std::lock_guard busy(busy_);
  if (phase() == Phase::destroying) {
    return false;
  }
  mark_leaving();
  if (run_ && !run_->paused) {
    kill_process(run_->pidfd.get());
  }
  return true;
}

void Instance::tear_down() {
  const std::lock_guard busy(busy_);
  // A second caller must not touch the folder: it may be another instance's of the same id by now.
  if (torn_down_) {
    return;
  }
  if (run_) {
    kill_and_wait();
    finish_run();
  } else if (record().starting) {
    end_run(host_, surroundings_.networks, record());
  }
  unmount_disk(disk_place(host_.layout, id_));
  remove_tree(host_.layout.instance(id_));
  torn_down_ = true;
}

void Instance::adopt() {
  const std::lock_guard busy(busy_);
  const InstanceRecord found = record();
  if (found.phase != Phase::made) {
    mark_leaving();
  }
  // Also of one that is to be removed: then it is killed like any other.
  if (Descriptor pidfd = found.running ? find_process(*found.running) : Descriptor()) {
    set_running(*found.running, std::move(pidfd));
    return;
  }
  if (!found.starting && !found.running) {
    return;
  }
  const bool out_of_memory = host_.cgroups.out_of_memory_kills(id_) > 0;
  end_run(host_, surroundings_.networks, found);
  update([&](InstanceRecord& record) {
    record.starting = false;
    record.running.reset();
    record.out_of_memory = out_of_memory;
  });
}

wire::Usage Instance::usage() const {
  const CgroupUsage counted = host_.cgroups.usage(id_);
  const InstanceRecord found = record();
  const Traffic traffic = surroundings_.networks.traffic(found);
  const path disk = disk_place(host_.layout, id_).folder;
  return {.cpu_microseconds = counted.cpu_microseconds,
          .memory = {counted.memory},
          .memory_limit = found.spec.memory,
          .processes = counted.processes,
          .disk = is_mount_point(disk) ? measure_disk(disk).used : Bytes{},
          .disk_limit = found.spec.disk,
          .received = {traffic.received},
          .sent = {traffic.sent},
          .out_of_memory_kills = counted.out_of_memory_kills};
}

Descriptor Instance::agent() const {
  if (status().activity == wire::InstanceActivity::stopped) {
    refuse_not_running();
  }
  return connect_to_agent(host_.layout.agents(), id_, agent_limit);
}

Instance::Process Instance::process() const {
  const std::lock_guard lock(state_);
  if (!run_) {
    refuse_not_running();
  }
  return {run_->pid, Descriptor(check(::fcntl(run_->pidfd.get(), F_DUPFD_CLOEXEC, 0), "reach the instance"))};
}

Descriptor Instance::connect(std::uint16_t port) const {
  const Process first = process();
  return connect_inside(open_network_namespace(first.pid, first.pidfd), port, connect_limit);
}

Export Instance::export_disk() {
  const std::lock_guard busy(busy_);
  if (phase() != Phase::made) {
    throw Error(ErrorKind::not_found, "there is no such instance on this host", "id");
  }
  if (run_) {
    const Process first = process();
    return export_running(first.pid, first.pidfd);
  }
  const InstanceRecord found = record();
  const UidRange owner{found.first_uid};
  mount_disk(found.spec, disk_place(host_.layout, id_), host_.layout.templates(), owner);
  return export_stopped(host_, id_, found.spec.image, owner);
}

Instance::Machine Instance::machine() const {
  Process first = process();
  if (status().activity == wire::InstanceActivity::paused) {
    throw Error(ErrorKind::conflict, "the instance is paused; resume it first");
  }
  const std::string file = "/proc/" + std::to_string(first.pid) + "/ns/user";
  Descriptor user_namespace(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!user_namespace || wait_readable(first.pidfd.get(), Milliseconds{0})) {
    throw Error(ErrorKind::conflict, "the instance is just ending");
  }
  return {record(), std::move(first.pidfd), std::move(user_namespace)};
}

void Instance::with_stopped_layer(const std::function<void(const InstanceRecord& record, const path& layer)>& work) {
  const std::lock_guard busy(busy_);
  if (phase() != Phase::made) {
    throw Error(ErrorKind::not_found, "there is no such instance on this host", "id");
  }
  if (run_) {
    throw Error(ErrorKind::conflict, "the instance runs; stop it first", "id");
  }
  const InstanceRecord found = record();
  const DiskPlace place = disk_place(host_.layout, id_);
  if (found.spec.disk_kind == wire::DiskKind::memory && !is_mount_point(place.folder)) {
    throw Error(ErrorKind::conflict, "the instance's disk was in memory and is gone, as after a restart of the host",
                "id");
  }
  mount_disk(found.spec, place, host_.layout.templates(), UidRange{found.first_uid});
  work(found, place.folder / "upper");
}

}  // namespace berth::warden
