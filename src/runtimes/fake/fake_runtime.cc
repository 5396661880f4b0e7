// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_runtime.h"

#include <utility>

#include "runtimes/fake/fake_check.h"
#include "runtimes/fake/fake_network.h"

namespace berth::runtimes::fake {

using core::InstanceActivity;
using wire::Operation;

FakeRuntime::FakeRuntime(async::Executor executor, FakeImages& images, std::uint32_t most_instances)
    : executor_(executor),
      images_(images),
      faults_(executor),
      most_instances_(most_instances),
      watch_broken_(executor) {
  images_.take_disks_from([this](const InstanceId& id) {
    const FakeInstance& instance = find(id);
    if (instance.activity != InstanceActivity::stopped) {
      throw Error(ErrorKind::conflict, "the instance runs; stop it first");
    }
    return FakeImages::Stopped{instance.spec.image, instance.disk};
  });
}

FakeRuntime::~FakeRuntime() { images_.take_disks_from(nullptr); }

FakeRuntime::FakeInstance& FakeRuntime::find(const InstanceId& id) {
  const auto found = instances_.find(id);
  if (found == instances_.end()) {
    throw Error(ErrorKind::not_found, "there is no instance '" + id.text() + "'");
  }
  return *found->second;
}

FakeRuntime::FakeInstance& FakeRuntime::running(const InstanceId& id) {
  FakeInstance& instance = find(id);
  if (instance.activity == InstanceActivity::stopped) {
    throw Error(ErrorKind::conflict, "the instance is not running");
  }
  return instance;
}

FakeRuntime::FakeInstance& FakeRuntime::require_active(const InstanceId& id) {
  FakeInstance& instance = running(id);
  if (instance.activity == InstanceActivity::paused) {
    throw Error(ErrorKind::conflict, "the instance is paused");
  }
  return instance;
}

core::InstanceStatus FakeRuntime::status(const InstanceId& id, const FakeInstance& instance) const {
  return {.id = id.text(),
          .image = instance.spec.image,
          .activity = instance.activity,
          .out_of_memory = instance.out_of_memory};
}

async::Task<core::RuntimeCapabilities> FakeRuntime::capabilities() {
  co_await faults_.pass(Operation::hello);
  co_return core::RuntimeCapabilities{.version = wire::warden_protocol_version,
                                      .runtime = "fake",
                                      .most_instances = most_instances_,
                                      .recipes = images_.recipes()};
}

async::Task<> FakeRuntime::create(InstanceId id, core::InstanceSpec spec) {
  co_await faults_.pass(Operation::create);
  if (!instances_.contains(id)) {
    if (images_.find(spec.image) == nullptr) {
      throw Error(ErrorKind::not_found, "there is no image '" + spec.image + "'");
    }
    if (instances_.size() >= most_instances_) {
      throw Error(ErrorKind::exhausted, "the host is full");
    }
    auto instance = std::make_unique<FakeInstance>();
    instance->disk = images_.disk_of(spec.image);
    instance->spec = spec;
    images_.hold(spec.image);
    instances_.emplace(id, std::move(instance));
  }
  FakeInstance& instance = *instances_.at(id);
  if (instance.spec.image != spec.image || instance.spec.disk_kind != spec.disk_kind ||
      instance.spec.disk != spec.disk) {
    throw Error(ErrorKind::conflict, "the instance exists with another image or disk");
  }
  if (instance.activity == InstanceActivity::stopped) {
    instance.spec = std::move(spec);
    start(id, instance);
  }
}

void FakeRuntime::start(const InstanceId& id, FakeInstance& instance) {
  instance.activity = InstanceActivity::running;
  instance.out_of_memory = false;
  instance.usage = {.memory = 1_MiB,
                    .memory_limit = instance.spec.memory,
                    .processes = 1,
                    .disk = 64_KiB,
                    .disk_limit = instance.spec.disk};
  instance.agent = std::make_unique<FakeAgent>(
      executor_, ProgramSurroundings{instance.disk, [this, id](std::uint16_t port) {
                                       listen(id, port, [this](Descriptor end) { echo(executor_, std::move(end)); });
                                     }});
  instance.agent->behave(new_behaviour_);
  if (new_port_ != 0) {
    instance.agent->add_port({.protocol = "tcp", .address = "0.0.0.0", .port = new_port_});
  }
}

// As a host does: whatever ends it, the watcher is told.
void FakeRuntime::halt(const InstanceId& id, FakeInstance& instance) {
  if (instance.activity == InstanceActivity::stopped) {
    return;
  }
  instance.activity = InstanceActivity::stopped;
  instance.agent.reset();
  instance.listeners.clear();
  instance.usage = {.memory_limit = instance.spec.memory, .disk_limit = instance.spec.disk};
  if (watcher_) {
    watcher_(status(id, instance));
  }
}

async::Task<> FakeRuntime::stop(InstanceId id) {
  co_await faults_.pass(Operation::stop);
  if (const auto found = instances_.find(id); found != instances_.end()) {
    halt(id, *found->second);
  }
}

async::Task<> FakeRuntime::destroy(InstanceId id) {
  co_await faults_.pass(Operation::destroy);
  if (const auto found = instances_.find(id); found != instances_.end()) {
    halt(id, *found->second);
    images_.let_go(found->second->spec.image);
    instances_.erase(id);
  }
}

async::Task<std::vector<core::InstanceStatus>> FakeRuntime::list() {
  co_await faults_.pass(Operation::list);
  std::vector<core::InstanceStatus> all;
  for (const auto& [id, instance] : instances_) {
    all.push_back(status(id, *instance));
  }
  co_return all;
}

async::Task<> FakeRuntime::pause(InstanceId id) {
  co_await faults_.pass(Operation::pause);
  FakeInstance& instance = running(id);
  instance.activity = InstanceActivity::paused;
  instance.agent->freeze(true);
}

async::Task<> FakeRuntime::resume(InstanceId id) {
  co_await faults_.pass(Operation::resume);
  FakeInstance& instance = running(id);
  instance.activity = InstanceActivity::running;
  instance.agent->freeze(false);
}

async::Task<> FakeRuntime::watch(std::function<void(core::InstanceStatus)> ended) {
  co_await faults_.pass(Operation::watch);
  watcher_ = std::move(ended);
  try {
    co_await watch_broken_.wait();
  } catch (...) {
    watcher_ = nullptr;
    throw;
  }
  watcher_ = nullptr;
  throw Error(ErrorKind::unavailable, "the runtime stopped telling what ends");
}

void FakeRuntime::break_watch() { watch_broken_.fire(); }

async::Task<core::Usage> FakeRuntime::usage(InstanceId id) {
  co_await faults_.pass(Operation::usage);
  co_return find(id).usage;
}

async::Task<std::unique_ptr<core::AgentChannel>> FakeRuntime::agent(InstanceId id) {
  co_await faults_.pass(Operation::agent);
  co_return running(id).agent->connect();
}

async::Task<Descriptor> FakeRuntime::connect(InstanceId id, std::uint16_t port) {
  co_await faults_.pass(Operation::connect);
  const FakeInstance& instance = running(id);
  const auto listener = instance.listeners.find(port);
  if (listener == instance.listeners.end()) {
    throw Error(ErrorKind::unavailable, "nothing listens on port " + std::to_string(port));
  }
  auto [near, far] = tcp_pair();
  listener->second(std::move(far));
  co_return std::move(near);
}

async::Task<Descriptor> FakeRuntime::export_disk(InstanceId id) {
  co_await faults_.pass(Operation::export_disk);
  co_return pipe_with(executor_, pack(find(id).disk, "/"));
}

async::Task<core::CheckReport> FakeRuntime::check(InstanceId id, core::CheckSpec spec, std::string script) {
  co_await faults_.pass(Operation::check);
  if (script.size() > wire::longest_check || spec.seconds == 0 || spec.seconds > wire::most_check_seconds) {
    throw Error(ErrorKind::invalid_argument, "the script is too long, or the time limit is no good");
  }
  for (const core::CheckMachine& machine : spec.machines) {
    require_active(InstanceId(machine.id));
  }
  const FakeInstance& instance = require_active(id);
  co_return checker_ ? checker_(id, spec, script) : run_fake_check(instance.disk, spec, script);
}

void FakeRuntime::end(const InstanceId& id, bool out_of_memory) {
  FakeInstance& instance = running(id);
  instance.out_of_memory = out_of_memory;
  halt(id, instance);
}

void FakeRuntime::behave(const InstanceId& id, AgentBehaviour behaviour) { agent_of(id).behave(behaviour); }

FakeAgent& FakeRuntime::agent_of(const InstanceId& id) { return *running(id).agent; }

void FakeRuntime::listen(const InstanceId& id, std::uint16_t port, std::function<void(Descriptor)> accept) {
  FakeInstance& instance = running(id);
  instance.listeners[port] = std::move(accept);
  instance.agent->add_port({.protocol = "tcp", .address = "127.0.0.1", .port = port});
}

}  // namespace berth::runtimes::fake
