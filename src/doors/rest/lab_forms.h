// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of labs and attempts: see forms.h.

#include "core/attempts.h"
#include "doors/rest/forms.h"

namespace berth::doors::rest {

struct LabSummaryForm {
  std::string name;
  std::uint32_t version = 0;
  core::LabState state = core::LabState::preparing;
  std::string title;
  std::string summary;
  std::uint32_t minutes = 0;
  core::LabDifficulty difficulty = core::LabDifficulty::medium;
  std::vector<std::string> tags;
  std::vector<std::string> machines;
  std::uint64_t hints = 0;
  std::uint64_t steps = 0;
  std::optional<core::LabKeep> keep;
  AccountId author;
  bool solved = false;
  std::optional<Seconds> best_seconds;
  std::optional<AttemptId> attempt;
  std::optional<core::AttemptState> attempt_state;
  TimePoint created_at;
};
BOOST_DESCRIBE_STRUCT(LabSummaryForm, (),
                      (name, version, state, title, summary, minutes, difficulty, tags, machines, hints, steps, keep,
                       author, solved, best_seconds, attempt, attempt_state, created_at))

struct LabStepForm {
  std::string title;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(LabStepForm, (), (title, text))

struct LabVersionForm {
  std::uint32_t version = 0;
  core::LabState state = core::LabState::preparing;
  TimePoint created_at;
};
BOOST_DESCRIBE_STRUCT(LabVersionForm, (), (version, state, created_at))

struct LabForm {
  LabSummaryForm lab;
  std::string task;
  std::vector<LabStepForm> guide;
  std::string plan;
  core::Egress egress = core::Egress::none;
  bool ssh = true;
  core::RecordingKind recording = core::RecordingKind::none;
  std::optional<std::string> note;
  std::optional<std::string> reason;
  std::vector<LabVersionForm> versions;
};
BOOST_DESCRIBE_STRUCT(LabForm, (), (lab, task, guide, plan, egress, ssh, recording, note, reason, versions))

// A request; what of the manifest may be left out keeps its default.
struct LabPackageForm {
  core::LabManifest manifest;
  core::LabFiles files;
};
BOOST_DESCRIBE_STRUCT(LabPackageForm, (), (manifest, files))

enum class LabActionName { publish, retire };
BOOST_DESCRIBE_ENUM(LabActionName, publish, retire)

struct LabActionRequest {
  LabActionName action = LabActionName::publish;
  std::uint32_t version = 0;
};
BOOST_DESCRIBE_STRUCT(LabActionRequest, (), (action, version))

struct LabCheckForm {
  TimePoint at;
  core::Verdict verdict = core::Verdict::fault;
  std::uint32_t step = 0;
  std::string reason;
  std::uint64_t milliseconds = 0;
};
BOOST_DESCRIBE_STRUCT(LabCheckForm, (), (at, verdict, step, reason, milliseconds))

struct AttemptMachineForm {
  std::string name;
  InstanceId instance;
  core::InstanceState state = core::InstanceState::queued;
  std::optional<std::uint64_t> queue_position;
  std::optional<Seconds> queue_wait;
};
BOOST_DESCRIBE_STRUCT(AttemptMachineForm, (), (name, instance, state, queue_position, queue_wait))

struct AttemptForm {
  AttemptId id;
  std::string lab;
  std::uint32_t version = 0;
  std::string title;
  AccountId account;
  core::AttemptState state = core::AttemptState::waiting;
  std::optional<std::string> reason;
  std::vector<AttemptMachineForm> machines;
  std::vector<std::string> hints;
  std::uint64_t hints_left = 0;
  std::uint32_t steps_done = 0;
  std::uint32_t checks = 0;
  std::optional<LabCheckForm> last_check;
  TimePoint created_at;
  std::optional<TimePoint> started_at;
  std::optional<TimePoint> expires_at;
  bool resumable = false;
  std::optional<TimePoint> kept_until;
  bool leaving = false;
  std::optional<TimePoint> solved_at;
  std::optional<TimePoint> ended_at;
  std::optional<Seconds> seconds;
};
BOOST_DESCRIBE_STRUCT(AttemptForm, (),
                      (id, lab, version, title, account, state, reason, machines, hints, hints_left, steps_done, checks,
                       last_check, created_at, started_at, expires_at, resumable, kept_until, leaving, solved_at,
                       ended_at, seconds))

LabSummaryForm form_of(const core::ShownLab& shown);
LabForm form_of(const core::LabPage& page);
LabCheckForm form_of(const core::Check& check);
AttemptForm form_of(const core::ShownAttempt& shown);

}  // namespace berth::doors::rest
