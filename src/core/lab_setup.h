// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "core/agent_links.h"
#include "core/lab.h"
#include "core/leases.h"

namespace berth::core {

// Makes the images of a lab: for each machine an instance of the author's, in which `setup` runs as root, and whose
// changes are committed. Lives as long as the server. Cancelling leaves the instance to its lease.
class LabSetup {
 public:
  struct Surroundings {
    Journal& journal;
    Leases& leases;
    Reconciler& reconciler;
    AgentLinks& links;
    ImageLibrary& library;
    const Clock& clock;
  };
  explicit LabSetup(const Surroundings& surroundings) : surroundings_(surroundings) {}

  using Tell = std::function<void(std::string)>;  // what is being done
  // Throws Error{instance_fault} with the end of what a script said when it fails, and what else can go wrong.
  async::Task<> prepare(Lab lab, LabFiles files, Tell tell);

 private:
  async::Task<> prepare_machine(Lab lab, LabFiles files, std::string machine, Tell tell);
  async::Task<> make_image(Lab lab, LabFiles files, std::string machine, InstanceId id, Tell tell);
  async::Task<InstanceId> begin(Lab lab, std::string machine);
  async::Task<> run(InstanceId id, std::string command, std::string script, std::string what);

  Surroundings surroundings_;
};

// What the service of a machine is, when the lab has a `start` for it.
Launch launch_of(const LabFiles& files, const std::string& machine);
// The image a machine begins from.
ImageName base_of(const LabManifest& manifest, const std::string& machine);

}  // namespace berth::core
