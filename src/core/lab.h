// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "core/plan.h"
#include "core/recording_policy.h"

namespace berth::core {

enum class LabDifficulty { easy, medium, hard };
BOOST_DESCRIBE_ENUM(LabDifficulty, easy, medium, hard)

// From where a check looks at a machine: from a sandbox that the machine cannot touch, or as a program inside it, which
// root there can fool.
enum class CheckMode { outside, inside };
BOOST_DESCRIBE_ENUM(CheckMode, outside, inside)

struct LabCheck {
  CheckMode mode = CheckMode::outside;
  std::string machine;         // whose network and files it sees first; empty: the first
  std::uint32_t seconds = 30;  // longer is a fault
  bool reveal = true;          // whether the learner sees its reason
};
BOOST_DESCRIBE_STRUCT(LabCheck, (), (mode, machine, seconds, reveal))

struct LabMachine {
  std::string name;
  std::string image;  // to begin from; empty: the lab's
};
BOOST_DESCRIBE_STRUCT(LabMachine, (), (name, image))

// How long what a learner did in a resumable lab is kept.
struct LabKeep {
  std::uint32_t unused_days = 7;  // after a stop
  std::uint32_t most_days = 30;   // in all, from the start

  bool operator==(const LabKeep&) const = default;
};
BOOST_DESCRIBE_STRUCT(LabKeep, (), (unused_days, most_days))

// lab.toml.
struct LabManifest {
  std::string title;
  std::string summary;
  std::string image;  // to begin from
  std::string plan;   // empty: the first
  std::uint32_t minutes = 0;
  std::vector<std::string> tags;
  LabDifficulty difficulty = LabDifficulty::medium;
  Egress egress = Egress::none;                       // never more than the plan's
  bool ssh = true;                                    // whether its machines may be reached by SSH
  RecordingKind recording = RecordingKind::private_;  // of its terminals
  std::optional<TimePoint> embargo_until;             // of an embargoed one; none: for ever
  std::vector<std::string> hints;
  LabCheck check;
  std::vector<LabMachine> machines;  // empty: one called main_machine
  std::vector<std::string> steps;    // the titles of a guided lab's
  bool resumable = false;            // whether it can be stopped and resumed, with all that was changed
  LabKeep keep;                      // of a resumable one
};
BOOST_DESCRIBE_STRUCT(LabManifest, (),
                      (title, summary, image, plan, minutes, tags, difficulty, egress, ssh, recording, embargo_until,
                       hints, check, machines, steps, resumable, keep))

inline constexpr auto main_machine = "main";

// By name, as text: task.md, setup, start, check, solution, and their like of machines and steps.
using LabFiles = std::map<std::string, std::string>;

struct LabPackage {
  LabManifest manifest;
  LabFiles files;
};

enum class LabState { preparing, draft, published, retired, failed };
BOOST_DESCRIBE_ENUM(LabState, preparing, draft, published, retired, failed)

// One version of a lab. At most one version of a name is published.
struct Lab {
  LabId id;
  std::string name;
  std::uint32_t version = 0;
  AccountId author;
  LabState state = LabState::preparing;
  std::optional<std::string> reason;  // why it failed
  LabManifest manifest;
  Plan plan;  // of its machines, as it was when it was uploaded, with the lab's time and egress
  TimePoint created_at;
};

// The files of a version, which lists leave out.
struct LabContents {
  LabId lab;
  LabFiles files;
};

LabId lab_id(const std::string& name, std::uint32_t version);
// The names of its machines, in order; at least one.
std::vector<std::string> machines_of(const LabManifest& manifest);
// What a machine of this version starts from.
ImageName image_of(const Lab& lab, const std::string& machine);
// The file of a machine or, where it has none of its own and there is but one machine, the lab's: "setup" or
// "setup.NAME". None: it has no such file.
const std::string* find_file(const LabFiles& files, const std::string& name, const std::string& machine);

// Every fault of a package as a sentence that begins with what it is about, empty when it is sound.
std::vector<std::string> faults_of(const std::string& name, const LabPackage& package, const std::vector<Plan>& plans);

}  // namespace berth::core
