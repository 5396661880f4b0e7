// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/lab_forms.h"

#include <algorithm>
#include <iterator>

namespace berth::doors::rest {
namespace {

std::string text_of(const core::LabFiles& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? "" : found->second;
}

}  // namespace

LabSummaryForm form_of(const core::ShownLab& shown) {
  const core::LabManifest& manifest = shown.lab.manifest;
  return {.name = shown.lab.name,
          .version = shown.lab.version,
          .state = shown.lab.state,
          .title = manifest.title,
          .summary = manifest.summary,
          .minutes = manifest.minutes,
          .difficulty = manifest.difficulty,
          .tags = manifest.tags,
          .machines = core::machines_of(manifest),
          .hints = manifest.hints.size(),
          .steps = manifest.steps.size(),
          .keep = manifest.resumable ? std::optional(manifest.keep) : std::nullopt,
          .author = shown.lab.author,
          .solved = shown.solved,
          .best_seconds = shown.best,
          .attempt = shown.attempt,
          .attempt_state = shown.attempt_state,
          .created_at = shown.lab.created_at};
}

LabForm form_of(const core::LabPage& page) {
  const core::Lab& lab = page.shown.lab;
  LabForm form{.lab = form_of(page.shown),
               .task = text_of(page.files, "task.md"),
               .guide = {},
               .plan = lab.plan.name,
               .egress = lab.plan.egress,
               .ssh = lab.plan.ssh,
               .recording = lab.manifest.recording,
               .note = page.note.empty() ? std::nullopt : std::optional(page.note),
               .reason = page.versions.empty() ? std::nullopt : lab.reason,
               .versions = {}};
  for (std::size_t step = 1; step <= lab.manifest.steps.size(); ++step) {
    form.guide.push_back({lab.manifest.steps[step - 1], text_of(page.files, "step-" + std::to_string(step) + ".md")});
  }
  std::ranges::transform(page.versions, std::back_inserter(form.versions), [](const core::Lab& version) {
    return LabVersionForm{version.version, version.state, version.created_at};
  });
  return form;
}

LabCheckForm form_of(const core::Check& check) {
  return {check.at, check.verdict, check.step, check.reason, check.milliseconds};
}

AttemptForm form_of(const core::ShownAttempt& shown) {
  const core::Attempt& attempt = shown.attempt;
  const core::LabManifest& manifest = shown.lab.manifest;
  AttemptForm form{.id = attempt.id,
                   .lab = attempt.lab_name,
                   .version = shown.lab.version,
                   .title = manifest.title,
                   .account = attempt.account,
                   .state = attempt.state,
                   .reason = attempt.reason,
                   .machines = {},
                   .hints = {},
                   .hints_left = manifest.hints.size() - attempt.hints,
                   .steps_done = attempt.steps_done,
                   .checks = attempt.checks,
                   .last_check = {},
                   .created_at = attempt.created_at,
                   .started_at = attempt.started_at,
                   .expires_at = attempt.expires_at,
                   .resumable = manifest.resumable,
                   .kept_until = attempt.kept_until,
                   .leaving = attempt.kept_until && !attempt.notice_at,
                   .solved_at = attempt.solved_at,
                   .ended_at = attempt.ended_at,
                   .seconds = core::time_taken(attempt)};
  form.hints.assign(manifest.hints.begin(), manifest.hints.begin() + attempt.hints);
  if (shown.last_check) {
    form.last_check = form_of(*shown.last_check);
  }
  for (const core::ShownMachine& machine : shown.machines) {
    form.machines.push_back({.name = machine.name,
                             .instance = machine.shown.instance.id,
                             .state = machine.shown.instance.state,
                             .queue_position = machine.shown.queue_position,
                             .queue_wait = machine.shown.queue_wait});
  }
  return form;
}

}  // namespace berth::doors::rest
