// SPDX-License-Identifier: Apache-2.0
#include "cli/lab_proof.h"

#include <algorithm>
#include <thread>

#include "base/base64.h"
#include "base/error.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr Milliseconds look_again{300};
constexpr int most_checks = 10;  // a service needs a moment after the solution
constexpr Milliseconds check_again{1000};
constexpr Seconds check_limit{180};
constexpr std::size_t longest_complaint = 600;

// Beside the disk, which a lab may have filled; nothing there is executable by itself.
constexpr auto run_input =
    "script=/dev/shm/berth-solution; (umask 077; cat >$script) && $(sed -n '1s/^#! *//p; q' $script) $script "
    "</dev/null; "
    "status=$?; rm -f $script; exit $status";

// A start that ends with this has by then started all it starts.
constexpr auto wait_for_start =
    "started() { for process in /proc/[0-9]*/cmdline; do "
    "[ \"$(tr '\\0' ' ' <\"$process\" 2>/dev/null)\" = 'sleep infinity ' ] && return 0; done; return 1; }; "
    "grep -qx 'exec sleep infinity' /etc/berth/start 2>/dev/null || exit 0; "
    "tries=0; until started || [ $tries -ge 300 ]; do sleep 0.1; tries=$((tries + 1)); done";

[[noreturn]] void disprove(const LabFolder& lab, const std::string& what) {
  throw Error(ErrorKind::instance_fault, "lab " + lab.name + ": " + what);
}

boost::json::value check(Invocation& run, const std::string& attempt) {
  CallOptions options;
  options.limit = check_limit;
  return run.api().call("POST", path_of("/attempts", attempt, "/checks"), std::nullopt, options);
}

std::string words_of(const boost::json::value& check) {
  const std::string reason = text_of(check, "reason");
  return text_of(check, "verdict") + (reason.empty() ? "" : ": " + reason);
}

void apply_solution(Invocation& run, const LabFolder& lab, const std::string& machine, const std::string& instance) {
  const std::string script = lab.script("solution", machine);
  if (script.empty()) {
    return;
  }
  boost::json::object body{{"command", boost::json::array{"/bin/sh", "-c", run_input}},
                           {"user", "0"},
                           {"input", script},
                           {"time_limit", 600}};
  std::string said;
  boost::json::value exit;
  for (const auto& line : run.api().lines("POST", path_of("/instances", instance, "/exec"), std::move(body))) {
    const std::string piece = text_of(line, "stdout") + text_of(line, "stderr");
    said += piece.empty() ? "" : decode_base64(piece).value_or("");
    if (const auto* end = line.as_object().if_contains("exit")) {
      exit = *end;
    }
  }
  if (!exit.is_object() || number_of(exit, "code") != 0) {
    said.erase(0, said.size() - std::min(said.size(), longest_complaint));
    disprove(lab, "its solution failed on " + machine + ": " + printable(said));
  }
}

void wait_until_started(Invocation& run, const std::string& instance) {
  run.api().lines("POST", path_of("/instances", instance, "/exec"),
                  boost::json::object{{"command", boost::json::array{"/bin/sh", "-c", wait_for_start}}, {"user", "0"}});
}

void prove_attempt(Invocation& run, const LabFolder& lab, const boost::json::value& attempt) {
  const std::string id = text_of(attempt, "id");
  for (const auto& machine : attempt.at("machines").as_array()) {
    wait_until_started(run, text_of(machine, "instance"));
  }
  const auto before = check(run, id);
  if (text_of(before, "verdict") != "not_yet") {
    disprove(lab, "a fresh machine should not be solved, but the check said " + words_of(before));
  }
  for (const auto& machine : attempt.at("machines").as_array()) {
    apply_solution(run, lab, text_of(machine, "name"), text_of(machine, "instance"));
  }
  const std::size_t steps = std::max<std::size_t>(1, lab.steps());
  for (std::size_t step = 0; step < steps; ++step) {
    auto after = check(run, id);
    for (int tries = 1; text_of(after, "verdict") == "not_yet" && tries < most_checks; ++tries) {
      std::this_thread::sleep_for(check_again);
      after = check(run, id);
    }
    if (text_of(after, "verdict") != "solved") {
      disprove(lab, "the solution was applied, but the check said " + words_of(after));
    }
  }
}

// POST may be repeated at `path`, and tells how far it is.
boost::json::value ask_until_it_runs(Invocation& run, const std::string& lab, const std::string& path,
                                     CallOptions options) {
  options.query.emplace_back("wait", "10");
  options.limit = Seconds{60};
  Progress progress(run.around.errors);
  for (;;) {
    auto attempt = run.api().call("POST", path, std::nullopt, options);
    const std::string state = text_of(attempt, "state");
    if (state == "running" || state == "solved") {
      return attempt;
    }
    if (state != "waiting") {
      throw Error(ErrorKind::instance_fault, "lab " + lab + " did not start: " + text_of(attempt, "reason"));
    }
    std::string words = "waiting for its machines";
    for (const auto& machine : attempt.at("machines").as_array()) {
      if (const auto position = number_of(machine, "queue_position")) {
        words += ", number " + std::to_string(*position) + " in the queue";
      }
    }
    progress.words(words + " ...");
  }
}

}  // namespace

std::int64_t upload_lab(Invocation& run, const LabFolder& lab) {
  auto page = run.api().call("PUT", path_of("/labs", lab.name), lab.package());
  const std::int64_t version = number_of(page.at("lab"), "version").value_or(0);
  CallOptions options;
  options.query = {{"version", std::to_string(version)}};
  Progress progress(run.around.errors);
  while (text_of(page.at("lab"), "state") == "preparing") {
    progress.words(lab.name + ": " + printable(text_of(page, "note")) + " ...");
    std::this_thread::sleep_for(look_again);
    page = run.api().get(path_of("/labs", lab.name), options);
  }
  progress.clear();
  if (text_of(page.at("lab"), "state") == "failed") {
    disprove(lab, "it could not be prepared: " + text_of(page, "reason"));
  }
  return version;
}

boost::json::value start_attempt(Invocation& run, const std::string& lab, std::int64_t version) {
  CallOptions options;
  if (version != 0) {
    options.query.emplace_back("version", std::to_string(version));
  }
  return ask_until_it_runs(run, lab, path_of("/labs", lab, "/attempts"), std::move(options));
}

boost::json::value resume_attempt(Invocation& run, const std::string& lab, const std::string& attempt) {
  return ask_until_it_runs(run, lab, path_of("/attempts", attempt, "/resume"), {});
}
void prove_lab(Invocation& run, const LabFolder& lab, std::int64_t version) {
  const auto attempt = start_attempt(run, lab.name, version);
  const auto leave = [&] { run.api().call("DELETE", path_of("/attempts", text_of(attempt, "id"))); };
  try {
    prove_attempt(run, lab, attempt);
  } catch (const Error&) {
    try {
      leave();
    } catch (const Error&) {  // the first failure is what matters
    }
    throw;
  }
  leave();
}

}  // namespace berth::cli
