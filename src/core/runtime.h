// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/descriptor.h"
#include "base/ids.h"
#include "core/registry_reference.h"
#include "wire/warden_protocol.h"

namespace berth::core {

// What an instance is made of, and what is read of it: the same for every runtime.
using wire::CheckEnd;
using wire::CheckMachine;
using wire::CheckReport;
using wire::CheckSpec;
using wire::ImageStatus;
using wire::InstanceActivity;
using wire::InstanceSpec;
using wire::InstanceStatus;
using wire::MachineNetwork;
using wire::Usage;
using RuntimeCapabilities = wire::Capabilities;

// A connection to the agent of one instance: packets of wire::agent_protocol. Destroying it closes it.
class AgentChannel {
 public:
  virtual ~AgentChannel() = default;
  // The next packet, at most wire::max_frame bytes. Throws Error{unavailable} at the end of the connection and
  // Error{instance_fault} on a longer one. One receiver at a time.
  virtual async::Task<std::string> receive() = 0;
  // Waits while the agent does not read. Throws Error{unavailable} when it is gone. One sender at a time.
  virtual async::Task<> send(std::string packet) = 0;
};

// An engine that can hold instances. Failures are Error{unavailable} when trying again may help, anything else when
// not. Unless said otherwise an operation may be repeated after a lost answer.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual async::Task<RuntimeCapabilities> capabilities() = 0;
  // Makes the instance run, from its kept disk if it has one. Running already: success. Error{not_found}: no such
  // image.
  virtual async::Task<> create(InstanceId id, InstanceSpec spec) = 0;
  // Ends its processes, keeps its disk. Not running or unknown: success.
  virtual async::Task<> stop(InstanceId id) = 0;
  // Also its disk. Unknown: success.
  virtual async::Task<> destroy(InstanceId id) = 0;
  // What there is: the truth after a restart.
  virtual async::Task<std::vector<InstanceStatus>> list() = 0;
  virtual async::Task<> pause(InstanceId id) = 0;
  virtual async::Task<> resume(InstanceId id) = 0;
  // Calls `ended` for every instance that ends, stopped and destroyed ones too, until cancelled. Throws when it can no
  // longer tell; after a new call, list() says what was missed. One watcher at a time.
  virtual async::Task<> watch(std::function<void(InstanceStatus)> ended) = 0;
  virtual async::Task<Usage> usage(InstanceId id) = 0;
  virtual async::Task<std::unique_ptr<AgentChannel>> agent(InstanceId id) = 0;
  // A TCP connection to the port on the instance's loopback, opened from outside.
  virtual async::Task<Descriptor> connect(InstanceId id, std::uint16_t port) = 0;
  // A pipe with a tar of its whole file system; it ends early when that fails.
  virtual async::Task<Descriptor> export_disk(InstanceId id) = 0;
  // Runs the script, at most wire::longest_check bytes, against the running instance and tells how it ended, whatever
  // it said. Error{conflict}: it or a further machine does not run. Error{unavailable}: it could not be checked, also
  // because a machine ended meanwhile. Checks of several instances run at the same time.
  virtual async::Task<CheckReport> check(InstanceId id, CheckSpec spec, std::string script) = 0;
};

// Called on the event thread; fraction 0 to 1.
using ProgressReport = std::function<void(double fraction, std::string note)>;

// The images a runtime can start from. Long operations end when cancelled; a half-made image is never seen.
class ImageLibrary {
 public:
  virtual ~ImageLibrary() = default;
  virtual async::Task<std::vector<ImageStatus>> list() = 0;
  // One of capabilities().recipes.
  virtual async::Task<ImageStatus> build(ImageName name, ProgressReport report) = 0;
  // From a registry. Error{not_found}, Error{unavailable}: what the registry said.
  virtual async::Task<ImageStatus> pull(RegistryReference reference, ImageName name, ProgressReport report) = 0;
  // From a regular file: a tar of a root file system, or of an OCI layout. Error{invalid_argument} on a hostile one.
  virtual async::Task<ImageStatus> import(Descriptor file, wire::ImageForm form, ImageName name,
                                          ProgressReport report) = 0;
  // What the stopped instance changed in its file system becomes the image `name`, a layer over the instance's own
  // image, which cannot be removed as long. Command and environment are those of that image. One of that name is
  // replaced. Error{conflict}: the instance runs; its disk was in memory and is gone, because the host restarted; the
  // name is in use; there would be more than wire::most_layers.
  virtual async::Task<ImageStatus> commit(InstanceId id, ImageName name) = 0;
  // In use by an instance or below another image: Error{conflict}. Unknown: success.
  virtual async::Task<> remove(ImageName name) = 0;
};

}  // namespace berth::core
