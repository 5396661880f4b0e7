// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/runtime.h"
#include "runtimes/fake/fake_agent.h"
#include "runtimes/fake/fake_images.h"
#include "runtimes/fake/faults.h"

namespace berth::runtimes::fake {

// A runtime in memory whose instances have real agents' manners (FakeAgent) and no processes. Everything happens on the
// event thread. Instances live as long as this object; it outlives its tasks and its images outlive it.
class FakeRuntime final : public core::Runtime {
 public:
  FakeRuntime(async::Executor executor, FakeImages& images, std::uint32_t most_instances = 64);
  ~FakeRuntime() override;

  async::Task<core::RuntimeCapabilities> capabilities() override;
  async::Task<> create(InstanceId id, core::InstanceSpec spec) override;
  async::Task<> stop(InstanceId id) override;
  async::Task<> destroy(InstanceId id) override;
  async::Task<std::vector<core::InstanceStatus>> list() override;
  async::Task<> pause(InstanceId id) override;
  async::Task<> resume(InstanceId id) override;
  async::Task<> watch(std::function<void(core::InstanceStatus)> ended) override;
  async::Task<core::Usage> usage(InstanceId id) override;
  async::Task<std::unique_ptr<core::AgentChannel>> agent(InstanceId id) override;
  async::Task<Descriptor> connect(InstanceId id, std::uint16_t port) override;
  async::Task<Descriptor> export_disk(InstanceId id) override;
  async::Task<core::CheckReport> check(InstanceId id, core::CheckSpec spec, std::string script) override;

  // What tests set and read. The instance must exist.
  Faults& faults() { return faults_; }
  void fail_next(wire::Operation operation, Error error) { faults_.fail_next(operation, std::move(error)); }
  // The instance ends by itself; a watcher is told.
  void end(const InstanceId& id, bool out_of_memory = false);
  // The watch of the moment throws Error{unavailable}, as when the warden restarts.
  void break_watch();
  bool watched() const { return static_cast<bool>(watcher_); }
  void behave(const InstanceId& id, AgentBehaviour behaviour);
  // Of instances that start from now on.
  void new_agents_behave(AgentBehaviour behaviour) { new_behaviour_ = behaviour; }
  void new_agents_listen(std::uint16_t port) { new_port_ = port; }
  FakeAgent& agent_of(const InstanceId& id);
  FakeDisk& disk_of(const InstanceId& id) { return find(id).disk; }
  const core::InstanceSpec& spec_of(const InstanceId& id) { return find(id).spec; }
  // Answers checks from now on, in place of run_fake_check().
  using Checker =
      std::function<core::CheckReport(const InstanceId& id, const core::CheckSpec& spec, const std::string& script)>;
  void answer_checks(Checker checker) { checker_ = std::move(checker); }
  void set_usage(const InstanceId& id, core::Usage usage) { find(id).usage = usage; }
  bool exists(const InstanceId& id) const { return instances_.contains(id); }
  // Connections to the port are given to `accept`.
  void listen(const InstanceId& id, std::uint16_t port, std::function<void(Descriptor)> accept);

 private:
  struct FakeInstance {
    core::InstanceSpec spec;
    core::InstanceActivity activity = core::InstanceActivity::stopped;
    bool out_of_memory = false;
    core::Usage usage;
    FakeDisk disk;
    std::map<std::uint16_t, std::function<void(Descriptor)>> listeners;
    std::unique_ptr<FakeAgent> agent;  // while it has processes
  };

  FakeInstance& find(const InstanceId& id);
  FakeInstance& running(const InstanceId& id);
  FakeInstance& require_active(const InstanceId& id);
  void start(const InstanceId& id, FakeInstance& instance);
  void halt(const InstanceId& id, FakeInstance& instance);
  core::InstanceStatus status(const InstanceId& id, const FakeInstance& instance) const;

  async::Executor executor_;
  FakeImages& images_;
  Faults faults_;
  std::uint32_t most_instances_;
  Checker checker_;
  AgentBehaviour new_behaviour_ = AgentBehaviour::honest;
  std::uint16_t new_port_ = 0;  // 0: none
  std::map<InstanceId, std::unique_ptr<FakeInstance>> instances_;
  std::function<void(core::InstanceStatus)> watcher_;
  async::Trigger watch_broken_;
};

}  // namespace berth::runtimes::fake
