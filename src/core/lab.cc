// SPDX-License-Identifier: Apache-2.0
#include "core/lab.h"

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <set>

#include "core/instances.h"

namespace berth::core {
namespace {

constexpr std::size_t longest_name = 30;  // with the others an image's name
constexpr std::size_t longest_machine = 20;
constexpr std::size_t longest_file = 64 * 1024;
constexpr std::size_t most_files = 200;
constexpr std::size_t most_hints = 20;
constexpr std::size_t most_steps = 50;
constexpr std::size_t most_machines = 8;
constexpr std::uint32_t most_minutes = 24 * 60;
constexpr std::uint32_t longest_check = 120;
constexpr std::uint32_t most_days_kept = 365;

using Faults = std::vector<std::string>;

void check_length(Faults& faults, const std::string& text, std::size_t least, std::size_t most,
                  const std::string& what) {
  if (text.size() < least || text.size() > most) {
    faults.push_back(what + " has " + std::to_string(least) + " to " + std::to_string(most) + " bytes");
  }
}

void check_machines(Faults& faults, const LabManifest& manifest) {
  if (manifest.machines.size() > most_machines) {
    faults.push_back("machines: at most " + std::to_string(most_machines));
  }
  std::set<std::string> names;
  for (const LabMachine& machine : manifest.machines) {
    if (!is_host_name(machine.name) || machine.name.size() > longest_machine) {
      faults.push_back("machines: '" + machine.name.substr(0, longest_name) +
                       "' is no host name of at most 20 characters");
    } else if (!names.insert(machine.name).second) {
      faults.push_back("machines: '" + machine.name + "' is there twice");
    }
    if (machine.image.empty() && manifest.image.empty()) {
      faults.push_back("machines: '" + machine.name.substr(0, longest_name) + "' needs an image, as the lab has none");
    }
  }
  const std::vector<std::string> known = machines_of(manifest);
  if (!manifest.check.machine.empty() && std::ranges::find(known, manifest.check.machine) == known.end()) {
    faults.push_back("check.machine: there is no machine '" + manifest.check.machine.substr(0, longest_name) + "'");
  }
}

void check_plan(Faults& faults, const LabManifest& manifest, const std::vector<Plan>& plans) {
  const auto plan = std::ranges::find_if(
      plans, [&](const Plan& each) { return manifest.plan.empty() || each.name == manifest.plan; });
  if (plan == plans.end()) {
    faults.push_back("plan: there is no plan '" + manifest.plan.substr(0, longest_name) + "'");
    return;
  }
  if (manifest.egress > plan->egress) {
    faults.push_back("egress: plan '" + plan->name + "' allows only '" +
                     boost::describe::enum_to_string(plan->egress, "?") + "'");
  }
  if (manifest.resumable && plan->disk_kind == DiskKind::memory) {
    faults.push_back("resumable: plan '" + plan->name + "' has its disk in memory, which is no place to keep it; " +
                     "choose a plan with disk_kind = \"disk\"");
  }
}

void check_keep(Faults& faults, const LabManifest& manifest) {
  const LabKeep& keep = manifest.keep;
  if (!manifest.resumable && keep != LabKeep{}) {
    faults.emplace_back("keep: only with resumable = true");
  }
  if (keep.most_days < 1 || keep.most_days > most_days_kept) {
    faults.push_back("keep.most_days: 1 to " + std::to_string(most_days_kept));
  } else if (keep.unused_days < 1 || keep.unused_days > keep.most_days) {
    faults.push_back("keep.unused_days: 1 to keep.most_days, which is " + std::to_string(keep.most_days));
  }
}

void check_manifest(Faults& faults, const LabManifest& manifest, const std::vector<Plan>& plans) {
  check_length(faults, manifest.title, 1, 100, "title");
  check_length(faults, manifest.summary, 0, 300, "summary");
  check_length(faults, manifest.image, manifest.machines.empty() ? 1 : 0, 64, "image");
  if (manifest.minutes < 1 || manifest.minutes > most_minutes) {
    faults.push_back("minutes: 1 to " + std::to_string(most_minutes));
  }
  for (const std::string& tag : manifest.tags) {
    if (!is_name(tag, 40)) {
      faults.push_back("tags: '" + tag.substr(0, longest_name) +
                       "' has other characters than a-z, 0-9, '.', '_' and '-'");
    }
  }
  if (manifest.embargo_until && manifest.recording != RecordingKind::embargoed) {
    faults.emplace_back("embargo_until: only with recording = \"embargoed\"");
  }
  if (manifest.hints.size() > most_hints) {
    faults.push_back("hints: at most " + std::to_string(most_hints));
  }
  for (const std::string& hint : manifest.hints) {
    check_length(faults, hint, 1, 2000, "hints: each");
  }
  if (manifest.check.seconds < 1 || manifest.check.seconds > longest_check) {
    faults.push_back("check.seconds: 1 to " + std::to_string(longest_check));
  }
  check_plan(faults, manifest, plans);
  check_keep(faults, manifest);
  check_machines(faults, manifest);
}

// The names of files that the manifest asks for or allows, and whether a lab must have them.
std::map<std::string, bool> known_files(const LabManifest& manifest) {
  std::map<std::string, bool> known{{"task.md", true}};
  const std::vector<std::string> machines = machines_of(manifest);
  for (const char* name : {"setup", "start", "solution"}) {
    if (machines.size() == 1) {
      known[name] = false;
    }
    for (const std::string& machine : machines) {
      known[std::string(name) + "." + machine] = false;
    }
  }
  if (manifest.steps.empty()) {
    known["check"] = true;
  }
  for (std::size_t step = 1; step <= manifest.steps.size(); ++step) {
    known["step-" + std::to_string(step) + ".md"] = true;
    known["check-" + std::to_string(step)] = true;
  }
  return known;
}

void check_files(Faults& faults, const LabPackage& package) {
  const std::map<std::string, bool> known = known_files(package.manifest);
  for (const auto& [name, needed] : known) {
    if (needed && !package.files.contains(name)) {
      faults.push_back(name + ": the file is missing");
    }
  }
  for (const auto& [name, text] : package.files) {
    if (!known.contains(name)) {
      faults.push_back("'" + name.substr(0, longest_name) + "': no file of a lab has this name");
      continue;
    }
    check_length(faults, text, 1, longest_file, name);
    if (!name.ends_with(".md") && !text.starts_with("#!/")) {
      faults.push_back(name + ": a script begins with its interpreter, as '#!/bin/sh'");
    }
  }
}

}  // namespace

LabId lab_id(const std::string& name, std::uint32_t version) { return LabId(name + "-" + std::to_string(version)); }

std::vector<std::string> machines_of(const LabManifest& manifest) {
  if (manifest.machines.empty()) {
    return {main_machine};
  }
  std::vector<std::string> names;
  std::ranges::transform(manifest.machines, std::back_inserter(names), &LabMachine::name);
  return names;
}

ImageName image_of(const Lab& lab, const std::string& machine) {
  const std::string name = "lab-" + lab.id.text();
  return ImageName(lab.manifest.machines.empty() ? name : name + "-" + machine);
}

const std::string* find_file(const LabFiles& files, const std::string& name, const std::string& machine) {
  auto found = files.find(name + "." + machine);
  if (found == files.end()) {
    found = files.find(name);
  }
  return found == files.end() ? nullptr : &found->second;
}

std::vector<std::string> faults_of(const std::string& name, const LabPackage& package, const std::vector<Plan>& plans) {
  Faults faults;
  if (!is_host_name(name) || name.size() > longest_name) {
    faults.emplace_back("the name of a lab has lower-case letters, digits and inner dashes, at most 30 characters");
  }
  if (package.files.size() > most_files || package.manifest.steps.size() > most_steps) {
    faults.push_back("a lab has at most " + std::to_string(most_files) + " files and " + std::to_string(most_steps) +
                     " steps");
    return faults;
  }
  check_manifest(faults, package.manifest, plans);
  check_files(faults, package);
  return faults;
}

}  // namespace berth::core
