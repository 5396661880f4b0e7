// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/attempts.h"
#include "core/host.h"

namespace berth::core {

// With the use cases of labs.
class LabHost : public Host {
 protected:
  using Host::Host;

  // Its check says what the file /answer of the machine holds.
  static LabPackage package() {
    LabPackage package;
    package.manifest.title = "The answer";
    package.manifest.image = "busybox";
    package.manifest.minutes = 20;
    package.manifest.tags = {"files"};
    package.manifest.hints = {"look up", "look down"};
    package.files = {{"task.md", "Write it."}, {"check", "#!/bin/sh\ncat /machine/answer\n"}};
    return package;
  }

  async::Task<> until_prepared(std::string name) {
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      if ((co_await labs.find(admin, name, {})).shown.lab.state != LabState::preparing) {
        co_return;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  async::Task<> publish(std::string name, LabPackage wanted) {
    const LabPage page = co_await labs.upload(admin, name, std::move(wanted));
    co_await until_prepared(name);
    co_await labs.publish(admin, name, page.shown.lab.version);
  }

  async::Task<ShownAttempt> begin(Caller who, std::string name) {
    co_return co_await attempts.start(who, name, {}, Seconds{10});
  }

  async::Task<> answer(Caller who, const ShownAttempt& attempt, std::string text) {
    bool sent = false;
    co_await sessions.write_files(who, attempt.machines.front().shown.instance.id, "/answer", FileForm::raw,
                                  [&]() -> async::Task<std::optional<std::string>> {
                                    co_return std::exchange(sent, true) ? std::nullopt : std::optional(text);
                                  });
  }

  async::Task<AttemptState> state_when_over(Caller who, AttemptId id) {
    for (unsigned long seen = journal.appended().count();; seen = journal.appended().count()) {
      const ShownAttempt shown = co_await attempts.find(who, id);
      if (is_over(shown.attempt.state)) {
        co_return shown.attempt.state;
      }
      co_await journal.appended().wait_beyond(seen);
    }
  }

  Attempts::Surroundings attempts_with(async::TaskGroup& group) {
    return {.journal = journal,
            .leases = leases,
            .reconciler = reconciler,
            .runtime = runtime,
            .clock = clock,
            .tasks = group,
            .log = [](const std::string&) {}};
  }

  LabSetup setup{{.journal = journal,
                  .leases = leases,
                  .reconciler = reconciler,
                  .links = links,
                  .library = library,
                  .clock = clock}};
  Labs labs{{.journal = journal,
             .setup = setup,
             .library = library,
             .pools = pools,
             .clock = clock,
             .plans = plans,
             .tasks = tasks,
             .limits = {.least_ready = 0, .most_ready = 0}}};
  Attempts attempts{attempts_with(tasks)};
};

}  // namespace berth::core
