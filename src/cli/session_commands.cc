// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/error.h"
#include "cli/attachment.h"
#include "cli/commands.h"
#include "cli/resolve.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

using How = AttachmentEnd::How;

constexpr int command_not_found = 127;  // as a shell tells it

struct ShellOptions {
  std::string instance;
  std::string session;
  std::string user;
  std::string directory;
  std::vector<std::string> environment;
};

struct ReturnOptions {
  std::string instance;
  std::string session;
};

struct ExecOptions {
  std::string instance;
  std::string user;
  std::string directory;
  std::vector<std::string> environment;
  bool input = false;
  bool no_input = false;
};

struct OneInstance {
  std::string instance;
};

boost::json::object session_body(const std::string& kind, const std::vector<std::string>& command,
                                 const std::vector<std::string>& environment, const std::string& directory,
                                 const std::string& user) {
  boost::json::object body{{"kind", kind}};
  if (!command.empty()) {
    body["command"] = boost::json::array(command.begin(), command.end());
  }
  boost::json::object variables;
  for (const auto& variable : environment) {
    const auto equals = variable.find('=');
    variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  if (!variables.empty()) {
    body["environment"] = std::move(variables);
  }
  if (!directory.empty()) {
    body["directory"] = directory;
  }
  if (!user.empty()) {
    body["user"] = user;
  }
  return body;
}

std::string open_session(Invocation& run, const std::string& instance, boost::json::object body) {
  const auto session = run.api().call("POST", path_of("/instances", instance, "/sessions"), std::move(body));
  const std::string id = text_of(session, "id");
  if (id.empty()) {
    throw Error(ErrorKind::unavailable, "the server opened no session; is it of the same version?");
  }
  return id;
}

// A session nobody will come back to. That it could not be closed is no news: it ends with its instance.
void close_session(Invocation& run, const std::string& instance, const std::string& session) {
  try {
    CallOptions options;
    options.limit = Seconds{5};
    run.api().call("DELETE", path_of("/instances", instance, path_of("/sessions", session)), std::nullopt, options);
  } catch (const Error&) {
  }
}

// On a raw terminal a new line also has to return.
std::string for_terminal(const std::string& text, bool raw) {
  std::string shown;
  for (const char character : text) {
    shown += character == '\n' && raw ? "\r\n" : std::string(1, character);
  }
  return shown;
}

std::string way_back(const std::string& instance, const std::string& session) {
  return "'berth sh " + printable(instance) + " --session " + printable(session) + "'";
}

boost::json::object terminal_body(Invocation& run, const ShellOptions& options) {
  std::vector<std::string> environment = options.environment;
  if (const auto kind = run.around.environment.find("TERM"); kind != run.around.environment.end()) {
    environment.insert(environment.begin(), "TERM=" + kind->second);  // one given by -e comes later and wins
  }
  auto body = session_body("terminal", run.trailing, environment, options.directory, options.user);
  const auto size = terminal_size(run.around.output);
  body["columns"] = size.columns;
  body["rows"] = size.rows;
  return body;
}

// Words for people in the midst of a program's output.
class Phrases {
 public:
  explicit Phrases(bool raw) : raw_(raw) {}

  std::string phrase(const std::string& part) {
    // On a raw terminal the program may have left the cursor anywhere.
    const std::string text = (line_open_ ? "" : raw_ ? "\nberth: " : "berth: ") + part;
    line_open_ = !part.ends_with('\n');
    return for_terminal(text, raw_);
  }
  void end_line(Invocation& run) {
    if (std::exchange(line_open_, false)) {
      write_all(run.around.errors, "\n");
    }
  }

 private:
  bool raw_;
  bool line_open_ = false;
};

AttachmentEnd attach_with_phrases(Invocation& run, const AttachRequest& request, bool raw) {
  Phrases phrases(raw);
  try {
    return attach(run.api().access(), request, run.around.reattach,
                  [&](const std::string& part) { return phrases.phrase(part); });
  } catch (const Error&) {
    phrases.end_line(run);
    throw;
  }
}

AttachmentEnd attach_terminal(Invocation& run, const AttachRequest& request) {
  RawMode raw(request.input == AttachRequest::Input::keys ? request.input_descriptor : -1);
  try {
    return attach_with_phrases(run, request, raw.on());
  } catch (const Error& error) {
    raw.restore();
    throw Error(error.kind(), std::string(error.what()) + "; if the session still runs, " +
                                  way_back(request.instance, request.session) + " comes back to it");
  }
}

int shell(Invocation& run, const ShellOptions& options) {
  if (!options.session.empty() && !run.trailing.empty()) {
    throw Error(ErrorKind::invalid_argument, "a session has its command already; leave out --session or the command");
  }
  const auto machine = resolve_instance(run.api(), options.instance);
  const std::string instance = text_of(machine, "id");
  const std::string recording = text_of(machine, "recording");
  if (run.input_is_terminal() && !recording.empty() && recording != "none") {
    run.note("what this terminal shows is recorded");
  }
  AttachRequest request{.instance = instance, .session = options.session};
  if (request.session.empty()) {
    request.session = open_session(run, instance, terminal_body(run, options));
    request.sole_writer = true;
  }
  request.terminal = run.input_is_terminal();
  request.input = request.terminal ? AttachRequest::Input::keys : AttachRequest::Input::stream;
  request.input_descriptor = run.around.input;
  request.output_descriptor = run.around.output;
  request.error_descriptor = run.around.errors;
  // What is typed may also be typed by other viewers.
  request.sole_writer = request.sole_writer && !request.terminal;
  const AttachmentEnd end = attach_terminal(run, request);
  if (end.how == How::exited) {
    close_session(run, instance, request.session);
  } else if (end.how != How::output_closed) {
    write_all(run.around.errors, request.terminal ? "\n" : "");
    run.note("detached; the session goes on, and " + way_back(instance, request.session) + " comes back to it");
  }
  return end.code;
}

// The terminal that nobody looks at, if there is exactly one.
std::string left_open(Invocation& run, const std::string& instance) {
  std::vector<std::string> found;
  for (const auto& session : items_of(run.api().get(path_of("/instances", instance, "/sessions")))) {
    const bool ended = number_of(session, "exit_code") || number_of(session, "exit_signal");
    if (text_of(session, "kind") == "terminal" && !ended && number_of(session, "viewers").value_or(0) == 0) {
      found.push_back(text_of(session, "id"));
    }
  }
  if (found.empty()) {
    throw Error(ErrorKind::not_found, "no terminal was left open; open one with: berth sh " + printable(instance));
  }
  if (found.size() > 1) {
    throw Error(ErrorKind::conflict, "several terminals were left open; name one of those that 'berth sessions' lists");
  }
  return found.front();
}

int come_back(Invocation& run, const ReturnOptions& options) {
  const std::string instance = text_of(resolve_instance(run.api(), options.instance), "id");
  return shell(run,
               {.instance = instance, .session = options.session.empty() ? left_open(run, instance) : options.session});
}

int exec(Invocation& run, const ExecOptions& options) {
  if (run.trailing.empty()) {
    throw Error(ErrorKind::invalid_argument,
                "there is no command; write it behind '--': berth exec " + options.instance + " -- ls -l");
  }
  const std::string instance = text_of(resolve_instance(run.api(), options.instance), "id");
  AttachRequest request{.instance = instance};
  try {
    request.session = open_session(
        run, instance, session_body("command", run.trailing, options.environment, options.directory, options.user));
  } catch (const Error& error) {
    // The instance is there, so it is the command that is not.
    if (error.kind() != ErrorKind::not_found) {
      throw;
    }
    run.note(printable(error.what()));
    return command_not_found;
  }
  const bool with_input = !options.no_input && (options.input || !run.input_is_terminal());
  request.input = with_input ? AttachRequest::Input::stream : AttachRequest::Input::none;
  request.sole_writer = true;
  request.input_descriptor = run.around.input;
  request.output_descriptor = run.around.output;
  request.error_descriptor = run.around.errors;
  try {
    const AttachmentEnd end = attach_with_phrases(run, request, false);
    close_session(run, instance, request.session);
    return end.code;
  } catch (const Error&) {
    close_session(run, instance, request.session);
    throw;
  }
}

int sessions(Invocation& run, const OneInstance& options) {
  const auto instance = resolve_instance(run.api(), options.instance);
  const auto list = run.api().get(path_of("/instances", text_of(instance, "id"), "/sessions"));
  if (run.json) {
    run.print_json(list);
    return 0;
  }
  Table table({"ID", "KIND", "STATE", "VIEWERS", "COMMAND"});
  table.align_right({3});
  for (const auto& session : items_of(list)) {
    const auto code = number_of(session, "exit_code");
    const auto signal = number_of(session, "exit_signal");
    const std::string state = code     ? "exited " + std::to_string(*code)
                              : signal ? "killed by " + std::to_string(*signal)
                                       : "running";
    std::string command;
    if (const auto* words = session.as_object().if_contains("command"); words != nullptr && words->is_array()) {
      for (const auto& word : words->get_array()) {
        command += word.is_string() ? (command.empty() ? "" : " ") + std::string(word.get_string()) : "";
      }
    }
    table.add({text_of(session, "id"), text_of(session, "kind"), state,
               std::to_string(number_of(session, "viewers").value_or(0)),
               command.empty() ? "login shell" : command.substr(0, 80)});
  }
  run.print(table.text());
  return 0;
}

std::string variable_fault(const std::string& text) {
  const auto equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "'" + text + "' is not NAME=VALUE" : "";
}

template <class Options>
void add_process_options(CLI::App* command, Options& options) {
  command->add_option("-e,--env", options.environment, "Set a variable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check(variable_fault);
  command->add_option("-w,--workdir", options.directory, "Folder to start in")->type_name("DIR");
  command->add_option("-u,--user", options.user, "Run as this user")->type_name("USER");
}

}  // namespace

void add_session_commands(CLI::App& app, Invocation& run) {
  auto [shell_command, shell_options] =
      add_command<ShellOptions>(app, run, "sh", "Open a terminal: berth sh INSTANCE [-- COMMAND...]", shell);
  shell_command->add_option("instance", shell_options->instance, "Id or name")->type_name("INSTANCE")->required();
  shell_command->add_option("--session", shell_options->session, "Come back to this one")->type_name("SESSION");
  add_process_options(shell_command, *shell_options);

  auto [return_command, return_options] =
      add_command<ReturnOptions>(app, run, "attach", "Come back to a terminal, of whatever door", come_back);
  return_command->add_option("instance", return_options->instance, "Id or name")->type_name("INSTANCE")->required();
  return_command->add_option("session", return_options->session, "Its id (left out: the one nobody looks at)")
      ->type_name("SESSION");

  auto [exec_command, exec_options] =
      add_command<ExecOptions>(app, run, "exec", "Run a command: berth exec INSTANCE -- COMMAND...", exec);
  exec_command->add_option("instance", exec_options->instance, "Id or name")->type_name("INSTANCE")->required();
  auto* input = exec_command->add_flag("-i,--input", exec_options->input, "Pass input on, also from a terminal");
  exec_command->add_flag("-n,--no-input", exec_options->no_input, "Pass no input on")->excludes(input);
  add_process_options(exec_command, *exec_options);

  auto [sessions_command, sessions_options] =
      add_command<OneInstance>(app, run, "sessions", "List the sessions of an instance", sessions);
  sessions_command->add_option("instance", sessions_options->instance, "Id or name")->type_name("INSTANCE")->required();
}

}  // namespace berth::cli
