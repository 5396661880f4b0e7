// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct CreateOptions {
  std::vector<std::string> labs;
  std::string name;
  std::string expires;
};

struct OneInvitation {
  std::string invitation;
};

struct RemoveOptions {
  std::vector<std::string> invitations;
};

using boost::json::value;

// None before the lab is started.
const value* attempt_of(const value& lab) {
  const value& attempt = lab.at("attempt");
  return attempt.is_null() ? nullptr : &attempt;
}

std::string state_of(const value& lab) {
  const value* attempt = attempt_of(lab);
  if (attempt == nullptr) {
    return "not started";
  }
  const auto seconds = number_of(*attempt, "seconds");
  return seconds ? "solved in " + format_duration(Seconds{*seconds}) : text_of(*attempt, "state");
}

std::string time_left(Invocation& run, const value& lab) {
  const value* attempt = attempt_of(lab);
  const std::string state = attempt == nullptr ? "" : text_of(*attempt, "state");
  const bool goes_on = state == "running" || state == "solved";
  const std::string until = goes_on ? text_of(*attempt, "expires_at") : "";
  return until.empty() ? "" : relative_time(parse_time(until), run.now());
}

std::string progress_of(const value& invitation) {
  std::size_t solved = 0;
  const auto& labs = invitation.at("labs").as_array();
  for (const auto& lab : labs) {
    const value* attempt = attempt_of(lab);
    solved += attempt != nullptr && !text_of(*attempt, "solved_at").empty() ? 1 : 0;
  }
  return std::to_string(solved) + " of " + std::to_string(labs.size());
}

int create(Invocation& run, const CreateOptions& options) {
  boost::json::object body{{"labs", boost::json::array(options.labs.begin(), options.labs.end())}};
  if (!options.name.empty()) {
    body["name"] = options.name;
  }
  if (!options.expires.empty()) {
    body["lifetime"] = parse_duration(options.expires).count();
  }
  const auto issued = run.api().call("POST", "/invitations", body);
  if (run.json) {
    run.print_json(issued);
    return 0;
  }
  run.print(printable(text_of(issued, "url")) + "\n");
  run.note("this link works once; it expires " +
           relative_time(parse_time(text_of(issued.at("invitation"), "expires_at")), run.now()));
  return 0;
}

int list(Invocation& run, const NoOptions&) {
  const auto page = run.api().list("/invitations");
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "NAME", "STATE", "SOLVED", "MADE", "BY"});
  for (const auto& invitation : items_of(page)) {
    table.add({text_of(invitation, "id"), text_of(invitation, "name"), text_of(invitation, "state"),
               progress_of(invitation), relative_time(parse_time(text_of(invitation, "created_at")), run.now()),
               text_of(invitation, "reviewer")});
  }
  run.print(table.text());
  return 0;
}

int show(Invocation& run, const OneInvitation& options) {
  const auto invitation = run.api().get(path_of("/invitations", options.invitation));
  if (run.json) {
    run.print_json(invitation);
    return 0;
  }
  run.print(field_lines({{"id", text_of(invitation, "id")},
                         {"name", text_of(invitation, "name")},
                         {"state", text_of(invitation, "state")},
                         {"made by", text_of(invitation, "reviewer")},
                         {"expires", text_of(invitation, "expires_at")},
                         {"opened", text_of(invitation, "opened_at")}}) +
            "\n");
  Table table({"LAB", "STATE", "ENDS", "CHECKS", "HINTS", "RECORDINGS"});
  for (const auto& lab : invitation.at("labs").as_array()) {
    const value* attempt = attempt_of(lab);
    std::string recordings;
    for (const auto& recording : lab.at("recordings").as_array()) {
      recordings += (recordings.empty() ? "" : " ") + text_of(recording, "id");
    }
    table.add({text_of(lab, "name"), state_of(lab), time_left(run, lab),
               std::to_string(lab.at("checks").as_array().size()),
               std::to_string(attempt == nullptr ? 0 : attempt->at("hints").as_array().size()), recordings});
  }
  run.print(table.text());
  return 0;
}

int remove(Invocation& run, const RemoveOptions& options) {
  int code = 0;
  for (const auto& invitation : options.invitations) {
    try {
      run.api().call("DELETE", path_of("/invitations", invitation));
      if (!run.json) {
        run.print(printable(invitation) + " taken back\n");
      }
    } catch (const Error& error) {
      run.note(printable(invitation) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

}  // namespace

void add_invitation_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("invitation", "Interviews: links that let somebody try some labs, once")
                    ->require_subcommand(1);
  auto [create_app, create_options] =
      add_command<CreateOptions>(*group, run, "create", "Invite somebody to labs and print the link", create);
  create_app->add_option("labs", create_options->labs, "Their names")->type_name("LAB")->required();
  create_app->add_option("--name", create_options->name, "The candidate's, or a note")->type_name("NAME");
  create_app->add_option("--expires", create_options->expires, "How long the link can be opened, such as 2d")
      ->type_name("TIME")
      ->check(duration_fault);
  add_command<NoOptions>(*group, run, "ls", "List your invitations, newest first", list);
  auto [show_app, show_options] =
      add_command<OneInvitation>(*group, run, "show", "Show what a candidate has done", show);
  show_app->add_option("invitation", show_options->invitation, "Its id")->type_name("INVITATION")->required();
  auto [remove_app, remove_options] = add_command<RemoveOptions>(
      *group, run, "rm", "Take invitations back: what is under way ends, what was done stays to be seen", remove);
  remove_app->add_option("invitations", remove_options->invitations, "Their ids")->type_name("INVITATION")->required();
}

}  // namespace berth::cli
