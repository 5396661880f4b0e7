// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "base/error.h"
#include "base/ids.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct CreateOptions {
  std::string image;
  std::string plan;
  std::string name;
  std::string lifetime;
  std::string key;
  bool wait = false;
};

boost::json::object body_of(const CreateOptions& options) {
  boost::json::object body{{"image", options.image}};
  if (!options.plan.empty()) {
    body["plan"] = options.plan;
  }
  if (!options.name.empty()) {
    body["name"] = options.name;
  }
  if (!options.lifetime.empty()) {
    body["lifetime"] = parse_duration(options.lifetime).count();
  }
  return body;
}

std::string state_words(const boost::json::value& instance) {
  const std::string state = text_of(instance, "state");
  if (state == "queued") {
    const auto position = number_of(instance, "queue_position");
    return "waiting for room" + (position ? ", number " + std::to_string(*position) + " in the queue" : "");
  }
  return printable(state);
}

bool on_its_way(const std::string& state) { return state == "queued" || state == "starting"; }

// The same request with the same key gives the same instance, as soon as its state is final or `wait` is over.
boost::json::value wait_for(Invocation& run, const boost::json::object& body, CallOptions options,
                            boost::json::value instance) {
  Progress progress(run.around.errors);
  std::string told;
  options.query = {{"wait", "2"}};
  while (on_its_way(text_of(instance, "state"))) {
    const std::string words = state_words(instance);
    if (run.errors_are_terminal()) {
      progress.words(words + " ...");
    } else if (words != told) {
      run.note(words);
      told = words;
    }
    const auto asked_at = std::chrono::steady_clock::now();
    instance = run.api().call("POST", "/instances", body, options);
    // A server that does not wait is not asked more often than people can read.
    if (std::chrono::steady_clock::now() - asked_at < Milliseconds{50} && on_its_way(text_of(instance, "state"))) {
      std::this_thread::sleep_for(Milliseconds{200});
    }
  }
  return instance;
}

std::string ending(Invocation& run, const boost::json::value& instance) {
  const std::string expires = text_of(instance, "expires_at");
  return expires.empty() ? "" : "; it ends " + relative_time(parse_time(expires), run.now());
}

int create(Invocation& run, const CreateOptions& options) {
  CallOptions call;
  call.headers.emplace_back("Idempotency-Key", options.key.empty() ? random_name(26) : options.key);
  const auto body = body_of(options);
  auto instance = run.api().call("POST", "/instances", body, call);
  if (options.wait) {
    instance = wait_for(run, body, call, std::move(instance));
  }
  const std::string id = text_of(instance, "id");
  const std::string state = text_of(instance, "state");
  if (run.json) {
    run.print_json(instance);
  } else {
    run.print(printable(id) + "\n");
  }
  if (state == "failed" || (options.wait && state != "running")) {
    const std::string reason = text_of(instance, "reason");
    throw Error(ErrorKind::instance_fault, "the instance is " + state + (reason.empty() ? "" : ": " + reason) +
                                               "; 'berth rm " + id + "' removes it");
  }
  if (!run.json) {
    run.note(printable(text_of(instance, "name")) + " is " + state_words(instance) + ending(run, instance) +
             (state == "running" ? "; 'berth sh " + printable(id) + "' opens a shell" : ""));
  }
  return 0;
}

}  // namespace

void add_create_command(CLI::App& app, Invocation& run) {
  auto [command, options] =
      add_command<CreateOptions>(app, run, "create", "Create an instance and print its id", create);
  command->add_option("image", options->image, "Image to start from")->type_name("IMAGE")->required();
  command->add_option("--plan", options->plan, "Resources, limits and lifetime")->type_name("PLAN");
  command->add_option("--name", options->name, "Name, also its host name")->type_name("NAME");
  command->add_option("--ttl", options->lifetime, "How long it lives: 30m, 2h (left out: the plan's)")
      ->type_name("TIME")
      ->check(duration_fault);
  command->add_option("--idempotency-key", options->key, "The same key makes no second instance")->type_name("KEY");
  command->add_flag("--wait", options->wait, "Return when it runs");
}

}  // namespace berth::cli
