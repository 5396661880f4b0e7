// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

constexpr int failure = 1;
constexpr int wrong_usage = 2;

// The first word that is no option: the command.
std::string command_of(const std::vector<std::string>& arguments) {
  const auto found = std::ranges::find_if(arguments, [](const auto& word) { return !word.starts_with('-'); });
  return found == arguments.end() ? "" : *found;
}

// What follows the first "--" of exec and sh is the command to run, whatever it looks like.
void split_trailing(std::vector<std::string>& arguments, Invocation& run) {
  const auto mark = std::ranges::find(arguments, "--");
  if (mark != arguments.end()) {
    run.trailing.assign(mark + 1, arguments.end());
    arguments.erase(mark, arguments.end());
  }
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) {
    text.pop_back();
  }
  return printable(text);
}

int parse_and_run(CLI::App& parser, std::vector<std::string> arguments, Invocation& run) {
  const std::string command = command_of(arguments);
  try {
    std::ranges::reverse(arguments);  // what CLI11 expects
    parser.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    run.print(parser.help());
    return 0;
  } catch (const CLI::CallForAllHelp&) {
    run.print(parser.help("", CLI::AppFormatMode::All));
    return 0;
  } catch (const CLI::CallForVersion&) {
    run.print("berth " BERTH_VERSION "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    run.note(one_line(error.what()) + "; 'berth " + (command.empty() ? "" : command + " ") + "--help' shows the usage");
    return wrong_usage;
  }
  return run.run_chosen();
}

}  // namespace

std::string duration_fault(const std::string& text) {
  try {
    return parse_duration(text) > Seconds{0} ? "" : "must be longer than nothing";
  } catch (const Error& error) {
    return error.what();
  }
}

std::unique_ptr<CLI::App> make_parser(Invocation& run) {
  auto app = std::make_unique<CLI::App>("Isolated Linux machines for a while.", "berth");
  app->set_version_flag("--version", "berth " BERTH_VERSION);
  app->add_flag("--json", run.json, "Print the API's JSON");
  app->require_subcommand(1);
  app->fallthrough();  // --json also behind the command
  app->get_formatter()->column_width(36);
  add_account_commands(*app, run);
  add_create_command(*app, run);
  add_instance_commands(*app, run);
  add_session_commands(*app, run);
  add_file_commands(*app, run);
  add_watch_commands(*app, run);
  add_image_commands(*app, run);
  add_lab_commands(*app, run);
  add_competition_commands(*app, run);
  add_invitation_commands(*app, run);
  add_webhook_commands(*app, run);
  add_plan_commands(*app, run);
  add_service_commands(*app, run);
  add_token_commands(*app, run);
  add_key_commands(*app, run);
  add_recording_commands(*app, run);
  add_completion_commands(*app, run);
  return app;
}

int run_command(std::vector<std::string> arguments, const Surroundings& around) {
  Invocation run(around);
  const std::string command = command_of(arguments);
  const bool runs_commands = command == "exec" || command == "sh";
  const bool completes = command == "__complete";  // what the completion script calls
  if (runs_commands || completes) {
    split_trailing(arguments, run);
  }
  try {
    const auto parser = make_parser(run);
    if (completes) {
      return print_completions(run, *parser, run.trailing);
    }
    const int code = parse_and_run(*parser, std::move(arguments), run);
    return code == wrong_usage && runs_commands && !run.has_chosen() ? own_failure : code;
  } catch (const std::exception& error) {
    run.note(one_line(error.what()));
    return runs_commands ? own_failure : failure;
  }
}

}  // namespace berth::cli
