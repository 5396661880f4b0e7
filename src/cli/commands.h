// SPDX-License-Identifier: Apache-2.0
#pragma once

// Each group of commands adds itself to the parser. An argument's type name ("INSTANCE", "IMAGE", "PLAN", "FILE")
// also tells the completion what to offer.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "cli/invocation.h"

namespace berth::cli {

void add_account_commands(CLI::App& app, Invocation& run);      // login logout whoami account login-link
void add_token_commands(CLI::App& app, Invocation& run);        // token
void add_key_commands(CLI::App& app, Invocation& run);          // key
void add_create_command(CLI::App& app, Invocation& run);        // create
void add_instance_commands(CLI::App& app, Invocation& run);     // ls show extend stop start restart pause resume rm
void add_watch_commands(CLI::App& app, Invocation& run);        // events ports usage
void add_session_commands(CLI::App& app, Invocation& run);      // sh attach exec sessions
void add_file_commands(CLI::App& app, Invocation& run);         // cp export
void add_image_commands(CLI::App& app, Invocation& run);        // image
void add_lab_commands(CLI::App& app, Invocation& run);          // lab
void add_invitation_commands(CLI::App& app, Invocation& run);   // invitation
void add_webhook_commands(CLI::App& app, Invocation& run);      // webhook
void add_competition_commands(CLI::App& app, Invocation& run);  // competition
void add_plan_commands(CLI::App& app, Invocation& run);         // plan
void add_service_commands(CLI::App& app, Invocation& run);      // service
void add_recording_commands(CLI::App& app, Invocation& run);    // recording
void add_completion_commands(CLI::App& app, Invocation& run);   // completion

template <class Options>
struct Command {
  CLI::App* app;
  std::shared_ptr<Options> options;  // shared: the parser writes it, the action that it chose reads it
};

// A subcommand that, chosen, runs `action`.
template <class Options>
Command<Options> add_command(CLI::App& parent, Invocation& run, const std::string& name, const std::string& about,
                             int (*action)(Invocation&, const Options&)) {
  auto options = std::make_shared<Options>();
  auto* app = parent.add_subcommand(name, about);
  app->callback([&run, options, action] { run.choose([&run, options, action] { return action(run, *options); }); });
  return {app, options};
}

struct NoOptions {};

// Options that durations and the like are checked with, so that a fault in them is one of usage.
std::string duration_fault(const std::string& text);

}  // namespace berth::cli
