// SPDX-License-Identifier: Apache-2.0
#include "runtimes/local/local_runtime.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "runtimes/local/agent_channel.h"

namespace berth::runtimes::local {

using wire::Operation;
using wire::Request;

namespace {

constexpr int most_checks = wire::max_warden_connections / 2;

Descriptor memory_file(const std::string& content) {
  Descriptor file(memfd_create("check", MFD_CLOEXEC));
  if (!file || write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw Error(ErrorKind::exhausted, "there is no memory for the script of a check");
  }
  return file;
}

}  // namespace

async::Task<core::RuntimeCapabilities> LocalRuntime::capabilities() {
  co_return read_result<core::RuntimeCapabilities>(
      co_await warden_.call(Request{.operation = Operation::hello, .version = wire::warden_protocol_version}));
}

async::Task<> LocalRuntime::create(InstanceId id, core::InstanceSpec spec) {
  co_await warden_.call(Request{.operation = Operation::create, .id = id.text(), .spec = std::move(spec)});
}

async::Task<> LocalRuntime::act(Operation operation, InstanceId id) {
  co_await warden_.call(Request{.operation = operation, .id = id.text()});
}

async::Task<> LocalRuntime::stop(InstanceId id) { return act(Operation::stop, std::move(id)); }
async::Task<> LocalRuntime::destroy(InstanceId id) { return act(Operation::destroy, std::move(id)); }
async::Task<> LocalRuntime::pause(InstanceId id) { return act(Operation::pause, std::move(id)); }
async::Task<> LocalRuntime::resume(InstanceId id) { return act(Operation::resume, std::move(id)); }

async::Task<std::vector<core::InstanceStatus>> LocalRuntime::list() {
  co_await warden_.watch_settled();
  co_return read_result<std::vector<core::InstanceStatus>>(
      co_await warden_.call(Request{.operation = Operation::list}));
}

async::Task<> LocalRuntime::watch(std::function<void(core::InstanceStatus)> ended) {
  return warden_.watch(std::move(ended));
}

async::Task<core::Usage> LocalRuntime::usage(InstanceId id) {
  co_return read_result<core::Usage>(co_await warden_.call(Request{.operation = Operation::usage, .id = id.text()}));
}

async::Task<std::unique_ptr<core::AgentChannel>> LocalRuntime::agent(InstanceId id) {
  Descriptor socket = co_await warden_.call_for_descriptor(Request{.operation = Operation::agent, .id = id.text()});
  co_return make_agent_channel(warden_.executor(), std::move(socket));
}

async::Task<Descriptor> LocalRuntime::connect(InstanceId id, std::uint16_t port) {
  return warden_.call_for_descriptor(Request{.operation = Operation::connect, .id = id.text(), .port = port});
}

async::Task<Descriptor> LocalRuntime::export_disk(InstanceId id) {
  return warden_.call_for_descriptor(Request{.operation = Operation::export_disk, .id = id.text()});
}

async::Task<core::CheckReport> LocalRuntime::check(InstanceId id, core::CheckSpec spec, std::string script) {
  // Each has a connection of its own, of which the warden takes only so many.
  while (checks_ >= most_checks) {
    co_await check_ended_.wait();
  }
  struct Place {
    LocalRuntime& runtime;
    explicit Place(LocalRuntime& wanted) : runtime(wanted) { ++runtime.checks_; }
    ~Place() {
      --runtime.checks_;
      runtime.check_ended_.fire();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
  } const place(*this);
  const Seconds limit = Seconds{spec.seconds} + warden_.settings().operation_limit;
  co_return read_result<core::CheckReport>(co_await warden_.call_own(
      Request{.operation = Operation::check, .id = id.text(), .check = std::move(spec)}, memory_file(script), limit));
}

}  // namespace berth::runtimes::local
