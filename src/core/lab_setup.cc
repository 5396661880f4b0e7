// SPDX-License-Identifier: Apache-2.0
#include "core/lab_setup.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "async/time_limit.h"
#include "core/instance_rules.h"
#include "core/plain_text.h"
#include "core/session_end.h"

namespace berth::core {
namespace {

constexpr Seconds setup_limit{900};      // for one script
constexpr Seconds setup_lifetime{3600};  // of the machine it runs in
constexpr Milliseconds queue_limit{600'000};
constexpr Milliseconds stop_limit{30'000};
constexpr std::size_t longest_complaint = 400;

constexpr auto start_place = "/etc/berth/start";
constexpr auto run_input =
    "(umask 077; cat >/var/berth-setup) && chmod 700 /var/berth-setup && /var/berth-setup </dev/null; status=$?; "
    "rm -f /var/berth-setup; exit $status";
constexpr auto keep_input = "mkdir -p /etc/berth && cat >/etc/berth/start && chmod 755 /etc/berth/start";

// The end of what a command said, and how it ended.
struct Outcome {
  std::string said;
  wire::SessionExit exit;
};

async::Task<> feed_and_wait(std::shared_ptr<AgentLink> link, std::string command, std::string script,
                            Outcome& outcome) {
  const auto view = co_await link->open_view({.command = {"/bin/sh", "-c", command}, .user = "0"});
  const SessionEnd ends_with_this(*view);
  co_await view->input(std::move(script));
  view->end_input();
  for (;;) {
    SessionItem item = co_await view->next();
    if (const auto* output = std::get_if<SessionOutput>(&item)) {
      outcome.said += output->bytes;
      outcome.said.erase(0, outcome.said.size() - std::min(outcome.said.size(), longest_complaint));
      view->acknowledge(output->offset + output->bytes.size());
    } else if (const auto* exit = std::get_if<wire::SessionExit>(&item)) {
      outcome.exit = *exit;
      co_return;
    }
  }
}

}  // namespace

Launch launch_of(const LabFiles& files, const std::string& machine) {
  Launch launch;
  if (find_file(files, "start", machine) != nullptr) {
    launch.command = {start_place};
    launch.user = "0";
  }
  return launch;
}

ImageName base_of(const LabManifest& manifest, const std::string& machine) {
  const auto found = std::ranges::find(manifest.machines, machine, &LabMachine::name);
  return ImageName(found == manifest.machines.end() || found->image.empty() ? manifest.image : found->image);
}

async::Task<> LabSetup::prepare(Lab lab, LabFiles files, Tell tell) {
  for (const std::string& machine : machines_of(lab.manifest)) {
    co_await prepare_machine(lab, files, machine, tell);
  }
}

async::Task<> LabSetup::prepare_machine(Lab lab, LabFiles files, std::string machine, Tell tell) {
  const std::string of = lab.manifest.machines.empty() ? "" : " of " + machine;
  tell("waiting for a machine to set up" + of);
  const InstanceId id = co_await begin(lab, machine);
  std::exception_ptr fault;
  try {
    co_await make_image(lab, std::move(files), machine, id, [&](const std::string& what) { tell(what + of); });
  } catch (...) {
    fault = std::current_exception();
  }
  co_await surroundings_.reconciler.destroy(id);
  if (fault) {
    std::rethrow_exception(fault);
  }
}

async::Task<InstanceId> LabSetup::begin(Lab lab, std::string machine) {
  Instance draft;
  draft.account = lab.author;
  draft.share = lab.author.text();
  draft.image = base_of(lab.manifest, machine);
  draft.plan = lab.plan;
  draft.plan.lifetime = draft.plan.longest_lifetime = setup_lifetime;
  draft.plan.most_per_account = std::numeric_limits<std::uint32_t>::max();
  draft.lifetime = setup_lifetime;
  draft.created_at = surroundings_.clock.now();
  const Instance begun = co_await surroundings_.leases.begin(
      draft, [&](Transaction& transaction, const Instance& instance) -> std::optional<Instance> {
        check_room(transaction, instance, surroundings_.reconciler.limits());
        return std::nullopt;
      });
  const Instance started = co_await surroundings_.leases.started(begun.id, queue_limit);
  if (started.state != InstanceState::running) {
    co_await surroundings_.reconciler.destroy(begun.id);
    throw Error(ErrorKind::unavailable,
                "the machine for setup did not start: " + started.reason.value_or("the host is full"));
  }
  co_return begun.id;
}

async::Task<> LabSetup::make_image(Lab lab, LabFiles files, std::string machine, InstanceId id, Tell tell) {
  if (const std::string* setup = find_file(files, "setup", machine)) {
    tell("running setup");
    co_await run(id, run_input, *setup, "setup");
  }
  if (const std::string* start = find_file(files, "start", machine)) {
    co_await run(id, keep_input, *start, "keeping start");
  }
  tell("keeping what it changed");
  co_await surroundings_.reconciler.change(id, InstanceEvent::stop, [](const Instance&) {});
  co_await surroundings_.reconciler.settled(id, stop_limit);
  const ImageName name = image_of(lab, machine);
  const ImageStatus status = co_await surroundings_.library.commit(id, name);
  const Image image{.name = name,
                    .source = lab_source,
                    .state = ImageState::ready,
                    .progress = 1,
                    .note = {},
                    .reason = {},
                    .size = status.size,
                    .created_at = surroundings_.clock.now()};
  co_await surroundings_.journal.transact([&](Transaction& transaction) { transaction.put_image(image); });
}

async::Task<> LabSetup::run(InstanceId id, std::string command, std::string script, std::string what) {
  Outcome outcome;
  const bool in_time = co_await async::finishes_within(
      feed_and_wait(co_await surroundings_.links.of(id), std::move(command), std::move(script), outcome), setup_limit);
  if (!in_time) {
    throw Error(ErrorKind::timed_out, what + " did not end within " + format_duration(setup_limit));
  }
  if (outcome.exit.code != 0) {
    const std::string how = outcome.exit.code ? "with code " + std::to_string(*outcome.exit.code) : "by a signal";
    outcome.said.erase(outcome.said.find_last_not_of(" \r\n") + 1);
    throw Error(ErrorKind::instance_fault, what + " ended " + how + ": " + plain_text(outcome.said));
  }
}

}  // namespace berth::core
