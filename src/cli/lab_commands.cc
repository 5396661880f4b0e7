// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/lab_package.h"
#include "cli/lab_proof.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct ListOptions {
  std::vector<std::string> words;
  std::string tag;
  std::string difficulty;
};

struct OneLab {
  std::string lab;
};

struct StartOptions {
  std::string lab;
  std::int64_t version = 0;
};

struct Folders {
  std::vector<std::string> folders;
  bool draft = false;
};

struct RetireOptions {
  std::string lab;
  std::int64_t version = 0;
};

std::string duration_of(const boost::json::value& object, std::string_view key) {
  const auto seconds = number_of(object, key);
  return seconds ? format_duration(Seconds{*seconds}) : "";
}

bool is_true(const boost::json::value& object, std::string_view key) {
  const auto* found = object.as_object().if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::string mark_of(const boost::json::value& lab) {
  if (!text_of(lab, "attempt").empty()) {
    return text_of(lab, "attempt_state") == "stopped" ? "stopped" : "under way";
  }
  const std::string state = text_of(lab, "state");
  return is_true(lab, "solved") ? "solved in " + duration_of(lab, "best_seconds") : state == "published" ? "" : state;
}

// Of a resumable lab.
std::string keep_of(const boost::json::value& lab) {
  const auto* keep = lab.as_object().if_contains("keep");
  if (keep == nullptr || !keep->is_object()) {
    return "";
  }
  const auto days = [&](std::string_view key) {
    return counted(static_cast<std::uint64_t>(number_of(*keep, key).value_or(0)), "day");
  };
  return "when it is stopped, for " + days("unused_days") + ", at most " + days("most_days") + " in all";
}

std::string tags_of(const boost::json::value& lab) {
  std::string all;
  for (const auto& tag : lab.at("tags").as_array()) {
    all += (all.empty() ? "" : " ") + std::string(tag.as_string());
  }
  return all;
}

int list(Invocation& run, const ListOptions& options) {
  CallOptions call;
  std::string words;
  for (const std::string& word : options.words) {
    words += (words.empty() ? "" : " ") + word;
  }
  for (const auto& [name, value] : {std::pair{"q", words}, {"tag", options.tag}, {"difficulty", options.difficulty}}) {
    if (!value.empty()) {
      call.query.emplace_back(name, value);
    }
  }
  const auto page = run.api().list("/labs", call);
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"NAME", "TITLE", "DIFFICULTY", "MINUTES", "TAGS", "STATE"});
  table.align_right({3});
  for (const auto& lab : items_of(page)) {
    table.add({text_of(lab, "name"), text_of(lab, "title"), text_of(lab, "difficulty"),
               std::to_string(number_of(lab, "minutes").value_or(0)), tags_of(lab), mark_of(lab)});
  }
  run.print(table.text());
  return 0;
}

// The task is the author's text: only its line breaks reach the terminal.
std::string printable_lines(const std::string& text) {
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    shown += printable(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return shown;
}

int show(Invocation& run, const OneLab& options) {
  const auto page = run.api().get(path_of("/labs", options.lab));
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  const auto& lab = page.at("lab");
  run.print(
      field_lines({{"Lab", text_of(lab, "name") + ", version " + std::to_string(number_of(lab, "version").value_or(0)) +
                               ", " + text_of(lab, "state")},
                   {"Title", text_of(lab, "title")},
                   {"Time", std::to_string(number_of(lab, "minutes").value_or(0)) + " minutes"},
                   {"Difficulty", text_of(lab, "difficulty")},
                   {"Tags", tags_of(lab)},
                   {"Mine", mark_of(lab)},
                   {"Kept", keep_of(lab)},
                   {"Doing", text_of(page, "note")},
                   {"Reason", text_of(page, "reason")}}));
  run.print("\n" + printable_lines(text_of(page, "task")));
  return 0;
}

// The caller's attempt at the lab that is not over: the newest one.
std::string attempt_at(Invocation& run, const std::string& lab) {
  CallOptions call;
  call.query = {{"lab", lab}, {"limit", "1"}};
  const auto page = run.api().get("/attempts", call);
  const auto& items = items_of(page);
  if (items.empty() || !text_of(items.front(), "ended_at").empty()) {
    throw Error(ErrorKind::not_found, "you have not started lab " + lab + "; start it with: berth lab start " + lab);
  }
  return text_of(items.front(), "id");
}

void tell_machines(Invocation& run, const boost::json::value& attempt) {
  for (const auto& machine : attempt.at("machines").as_array()) {
    run.note("machine " + printable(text_of(machine, "name")) + ": berth sh " +
             printable(text_of(machine, "instance")));
  }
}

int tell_begun(Invocation& run, const std::string& lab, const boost::json::value& attempt) {
  if (run.json) {
    run.print_json(attempt);
    return 0;
  }
  run.print(printable(text_of(attempt, "id")) + "\n");
  const std::string expires = text_of(attempt, "expires_at");
  run.note(printable(text_of(attempt, "title")) +
           (expires.empty() ? "" : "; its time ends " + relative_time(parse_time(expires), run.now())));
  tell_machines(run, attempt);
  run.note("the task: berth lab show " + lab + "; when it is done: berth lab check " + lab);
  return 0;
}

int start(Invocation& run, const StartOptions& options) {
  return tell_begun(run, options.lab, start_attempt(run, options.lab, options.version));
}

int resume(Invocation& run, const OneLab& options) {
  return tell_begun(run, options.lab, resume_attempt(run, options.lab, attempt_at(run, options.lab)));
}

int stop(Invocation& run, const OneLab& options) {
  const auto attempt = run.api().call("POST", path_of("/attempts", attempt_at(run, options.lab), "/stop"));
  if (run.json) {
    run.print_json(attempt);
    return 0;
  }
  run.print("stopped " + printable(options.lab) + "; what you did is kept until " + text_of(attempt, "kept_until") +
            "\n");
  run.note("go on with: berth lab resume " + options.lab);
  return 0;
}

// 0: solved; 1: not yet; 125: it could not be checked.
int check(Invocation& run, const OneLab& options) {
  CallOptions call;
  call.limit = Seconds{180};
  const auto answer =
      run.api().call("POST", path_of("/attempts", attempt_at(run, options.lab), "/checks"), std::nullopt, call);
  const std::string verdict = text_of(answer, "verdict");
  const std::string reason = text_of(answer, "reason");
  if (run.json) {
    run.print_json(answer);
  } else {
    const std::string words = verdict == "solved"    ? "solved"
                              : verdict == "not_yet" ? "not yet"
                                                     : "we could not check, which is not your fault";
    run.print(words + (reason.empty() ? "" : ": " + printable(reason)) + "\n");
  }
  return verdict == "solved" ? 0 : verdict == "not_yet" ? 1 : own_failure;
}

int hint(Invocation& run, const OneLab& options) {
  const auto attempt = run.api().call("POST", path_of("/attempts", attempt_at(run, options.lab), "/hints"));
  if (run.json) {
    run.print_json(attempt);
    return 0;
  }
  run.print(printable_lines(std::string(attempt.at("hints").as_array().back().as_string())));
  run.note(counted(static_cast<std::uint64_t>(number_of(attempt, "hints_left").value_or(0)), "hint") + " left");
  return 0;
}

int leave(Invocation& run, const OneLab& options) {
  const auto attempt = run.api().call("DELETE", path_of("/attempts", attempt_at(run, options.lab)));
  if (run.json) {
    run.print_json(attempt);
  } else {
    run.print("left " + printable(options.lab) + "; its machines are gone\n");
  }
  return 0;
}

int attempts(Invocation& run, const NoOptions&) {
  const auto page = run.api().list("/attempts");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "LAB", "STATE", "STARTED", "TIME TAKEN", "CHECKS", "HINTS"});
  table.align_right({5, 6});
  for (const auto& attempt : items_of(page)) {
    const std::string kept = text_of(attempt, "kept_until");
    table.add({text_of(attempt, "id"), text_of(attempt, "lab"),
               text_of(attempt, "state") + (kept.empty() ? "" : ", kept until " + kept.substr(0, 10)),
               relative_time(parse_time(text_of(attempt, "created_at")), run.now()), duration_of(attempt, "seconds"),
               std::to_string(number_of(attempt, "checks").value_or(0)),
               std::to_string(attempt.at("hints").as_array().size())});
  }
  run.print(table.text());
  return 0;
}

void act(Invocation& run, const std::string& lab, std::string_view action, std::int64_t version) {
  run.api().call("POST", path_of("/labs", lab, "/actions"),
                 boost::json::object{{"action", action}, {"version", version}});
}

int publish(Invocation& run, const Folders& options) {
  for (const std::string& folder : options.folders) {
    const LabFolder lab = read_lab(folder);
    for (const std::string& warning : warnings_of(lab)) {
      run.note("lab " + printable(lab.name) + ": " + warning);
    }
    const std::int64_t version = upload_lab(run, lab);
    if (!options.draft) {
      act(run, lab.name, "publish", version);
    }
    run.print(printable(lab.name) + " version " + std::to_string(version) +
              (options.draft ? " is a draft\n" : " is published\n"));
  }
  return 0;
}

int retire(Invocation& run, const RetireOptions& options) {
  std::int64_t version = options.version;
  if (version == 0) {
    version = number_of(run.api().get(path_of("/labs", options.lab)).at("lab"), "version").value_or(0);
  }
  act(run, options.lab, "retire", version);
  run.print(printable(options.lab) + " version " + std::to_string(version) + " is retired\n");
  return 0;
}

bool prove(Invocation& run, const std::string& folder) {
  const LabFolder lab = read_lab(folder);
  if (std::ranges::none_of(lab.files, [](const auto& file) { return file.first.starts_with("solution"); })) {
    throw Error(ErrorKind::invalid_argument, "lab " + lab.name + " has no solution to be tested with");
  }
  for (const std::string& warning : warnings_of(lab)) {
    run.note("lab " + printable(lab.name) + ": " + warning);
  }
  const std::int64_t version = upload_lab(run, lab);
  std::optional<Error> failure;
  try {
    prove_lab(run, lab, version);
    prove_lab(run, lab, version);
  } catch (const Error& error) {
    failure = error;
  }
  act(run, lab.name, "retire", version);
  if (failure) {
    throw Error(*failure);
  }
  run.print(printable(lab.name) + ": good (not solved when fresh, solved by its solution, twice)\n");
  return true;
}

int test(Invocation& run, const Folders& options) {
  int code = 0;
  for (const std::string& folder : options.folders) {
    try {
      prove(run, folder);
    } catch (const Error& error) {
      run.note(printable(error.what()));
      code = 1;
    }
  }
  return code;
}

void add_author_commands(CLI::App& group, Invocation& run) {
  auto [test_app, test_options] = add_command<Folders>(
      group, run, "test", "Prove a lab: a fresh machine is not solved, the solution solves it, twice", test);
  test_app->add_option("folders", test_options->folders, "Folders with a lab.toml")->type_name("DIR")->required();

  auto [publish_app, publish_options] =
      add_command<Folders>(group, run, "publish", "Upload a lab and put it into the catalogue", publish);
  publish_app->add_option("folders", publish_options->folders, "Folders with a lab.toml")->type_name("DIR")->required();
  publish_app->add_flag("--draft", publish_options->draft, "Only upload: for you to try");

  auto [retire_app, retire_options] =
      add_command<RetireOptions>(group, run, "retire", "Take a lab out of the catalogue", retire);
  retire_app->add_option("lab", retire_options->lab, "Its name")->type_name("LAB")->required();
  retire_app->add_option("--version", retire_options->version, "Left out: the newest")->type_name("NUMBER");
}

}  // namespace

void add_lab_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("lab", "Broken machines with a task, a clock and a check")->require_subcommand(1);
  auto [list_app, list_options] = add_command<ListOptions>(*group, run, "ls", "List the catalogue", list);
  list_app->add_option("words", list_options->words, "Only labs with these words")->type_name("WORD");
  list_app->add_option("--tag", list_options->tag, "Only labs with this tag")->type_name("TAG");
  list_app->add_option("--difficulty", list_options->difficulty, "easy, medium or hard")->type_name("LEVEL");

  const auto add_one = [&](const char* name, const char* about, int (*action)(Invocation&, const OneLab&)) {
    auto [one_app, one_options] = add_command<OneLab>(*group, run, name, about, action);
    one_app->add_option("lab", one_options->lab, "Its name")->type_name("LAB")->required();
  };
  add_one("show", "Show a lab and its task", show);
  auto [start_app, start_options] =
      add_command<StartOptions>(*group, run, "start", "Start a lab, or come back to it", start);
  start_app->add_option("lab", start_options->lab, "Its name")->type_name("LAB")->required();
  start_app->add_option("--version", start_options->version, "One of your drafts")->type_name("NUMBER");
  add_one("check", "Check the lab you are at: exit code 0 solved, 1 not yet, 125 it could not be checked", check);
  add_one("hint", "Take the next hint; this is recorded", hint);
  add_one("stop", "Stop the resumable lab you are at, and keep what you did", stop);
  add_one("resume", "Go on with a lab that you stopped", resume);
  add_one("leave", "Give up, or leave what is solved", leave);
  add_command<NoOptions>(*group, run, "attempts", "List what you tried", attempts);
  add_author_commands(*group, run);
}

}  // namespace berth::cli
