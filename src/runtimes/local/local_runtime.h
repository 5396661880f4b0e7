// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/runtime.h"
#include "runtimes/local/warden_client.h"

namespace berth::runtimes::local {

// Instances of this host: the warden makes them, this asks it to. The client outlives it. Cancelling an operation
// leaves open whether it was carried out; list() tells.
class LocalRuntime final : public core::Runtime {
 public:
  explicit LocalRuntime(WardenClient& warden) : warden_(warden), check_ended_(warden.executor()) {}

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

 private:
  async::Task<> act(wire::Operation operation, InstanceId id);

  WardenClient& warden_;
  int checks_ = 0;  // under way
  async::Trigger check_ended_;
};

}  // namespace berth::runtimes::local
