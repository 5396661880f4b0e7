// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "warden/exit_events.h"
#include "warden/export_disk.h"
#include "warden/host.h"
#include "warden/instance_record.h"
#include "warden/networks.h"

namespace berth::warden {

// One instance on this host. Its operations exclude each other (`busy_`); questions are answered meanwhile. Any thread.
// Lives in the table of Instances until it is torn down.
class Instance {
 public:
  // What it needs of its surroundings.
  struct Surroundings {
    const Host& host;
    Networks& networks;
    ExitEvents& ends;
    std::function<void(int pidfd, std::uint64_t run)> watch_exit;  // gives `run`, which no other run has, to ended()
    std::function<std::uint64_t()> next_run;
  };

  Instance(const Surroundings& surroundings, InstanceRecord record);

  const std::string& id() const { return id_; }
  std::uint32_t index() const { return index_; }
  InstanceRecord record() const;
  wire::InstanceStatus status() const;
  Phase phase() const;

  // Makes it or starts it, or does nothing if it runs. False: it is being removed; ask again when it is gone.
  bool start(const wire::InstanceSpec& spec, const std::function<wire::ImageStatus()>& find_image);
  void stop();
  void pause();
  void resume();
  // Kills it and hides it; tear_down() then removes everything it has. False: somebody did that already.
  bool leave();
  void tear_down();
  // After the process of this run ended by itself.
  void ended(std::uint64_t run);
  // After a restart of the warden: finds its process again, or finds out that it stopped.
  void adopt();

  wire::Usage usage() const;
  Descriptor agent() const;
  Descriptor connect(std::uint16_t port) const;
  Export export_disk();
  // What a check has to do with. Throws Error{conflict} unless it runs and is not paused.
  struct Machine {
    InstanceRecord record;
    Descriptor process;  // the pidfd of its first
    Descriptor user_namespace;
  };
  Machine machine() const;
  // Does `work` with its writable layer while it is kept stopped. Throws Error{conflict} if it runs, or if the layer
  // was in memory and is gone.
  void with_stopped_layer(const std::function<void(const InstanceRecord& record, const path& layer)>& work);

 private:
  struct Run {
    std::uint64_t number = 0;
    pid_t pid = 0;
    Descriptor pidfd;
    bool paused = false;
  };

  struct Process {
    pid_t pid = 0;
    Descriptor pidfd;
  };

  // Throws Error{conflict} if it does not run.
  Process process() const;
  void set_running(const ProcessRecord& process, Descriptor pidfd);
  void start_run(const wire::InstanceSpec& spec, const wire::ImageStatus& image);
  void kill_and_wait();
  void finish_run();
  void mark_leaving();
  void update(const std::function<void(InstanceRecord&)>& change);

  Surroundings surroundings_;
  const Host& host_;
  const std::string id_;
  const std::uint32_t index_;
  std::mutex busy_;
  bool torn_down_ = false;
  mutable std::mutex state_;  // of what follows; held shortly
  InstanceRecord record_;
  std::optional<Run> run_;
};

}  // namespace berth::warden
