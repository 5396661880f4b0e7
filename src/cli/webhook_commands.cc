// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

using boost::json::value;

struct CreateOptions {
  std::string url;
  std::vector<std::string> types;
};

struct OneWebhook {
  std::string webhook;
};

struct RemoveOptions {
  std::vector<std::string> webhooks;
};

std::string count_of(const value& webhook, const char* key) {
  return std::to_string(number_of(webhook, key).value_or(0));
}

std::string state_of(const value& webhook) {
  if (!webhook.at("enabled").as_bool()) {
    return "disabled";
  }
  return text_of(webhook, "failing_since").empty() ? "enabled" : "failing";
}

std::string types_of(const value& webhook) {
  std::string types;
  for (const auto& type : webhook.at("types").as_array()) {
    types += (types.empty() ? "" : ", ") + std::string(type.as_string());
  }
  return types.empty() ? "all" : types;
}

int print_issued(Invocation& run, const value& issued) {
  if (run.json) {
    run.print_json(issued);
    return 0;
  }
  run.print(printable(text_of(issued.at("webhook"), "id") + " " + text_of(issued, "secret")) + "\n");
  run.note("the secret behind the id is told only now; whoever receives verifies with it");
  return 0;
}

int create(Invocation& run, const CreateOptions& options) {
  return print_issued(
      run,
      run.api().call("POST", "/webhooks",
                     boost::json::object{{"url", options.url},
                                         {"types", boost::json::array(options.types.begin(), options.types.end())}}));
}

int list(Invocation& run, const NoOptions&) {
  const auto list = run.api().get("/webhooks");
  if (run.json) {
    run.print_json(list);
    return 0;
  }
  Table table({"ID", "STATE", "DELIVERED", "DROPPED", "URL", "EVENTS"});
  for (const auto& webhook : items_of(list)) {
    table.add({text_of(webhook, "id"), state_of(webhook), count_of(webhook, "delivered"), count_of(webhook, "dropped"),
               text_of(webhook, "url"), types_of(webhook)});
  }
  run.print(table.text());
  return 0;
}

int print_one(Invocation& run, const value& webhook) {
  if (run.json) {
    run.print_json(webhook);
    return 0;
  }
  run.print(field_lines({{"id", text_of(webhook, "id")},
                         {"url", text_of(webhook, "url")},
                         {"events", types_of(webhook)},
                         {"state", state_of(webhook)},
                         {"disabled because", text_of(webhook, "reason")},
                         {"delivered", count_of(webhook, "delivered")},
                         {"dropped", count_of(webhook, "dropped")},
                         {"missed", count_of(webhook, "missed")},
                         {"delivered through", count_of(webhook, "delivered_through")},
                         {"last delivered", text_of(webhook, "delivered_at")},
                         {"failing since", text_of(webhook, "failing_since")},
                         {"fault", text_of(webhook, "fault")},
                         {"next try", text_of(webhook, "next_try_at")}}));
  return 0;
}

int show(Invocation& run, const OneWebhook& options) {
  return print_one(run, run.api().get(path_of("/webhooks", options.webhook)));
}

int enable(Invocation& run, const OneWebhook& options) {
  return print_one(
      run, run.api().call("PATCH", path_of("/webhooks", options.webhook), boost::json::object{{"enabled", true}}));
}

int disable(Invocation& run, const OneWebhook& options) {
  return print_one(
      run, run.api().call("PATCH", path_of("/webhooks", options.webhook), boost::json::object{{"enabled", false}}));
}

int rotate(Invocation& run, const OneWebhook& options) {
  return print_issued(run, run.api().call("POST", path_of("/webhooks", options.webhook, "/rotate")));
}

int test(Invocation& run, const OneWebhook& options) {
  const auto test = run.api().call("POST", path_of("/webhooks", options.webhook, "/test"));
  const bool delivered = test.at("delivered").as_bool();
  if (run.json) {
    run.print_json(test);
  } else {
    run.print(delivered ? "delivered: it answered " + count_of(test, "status") + " after " +
                              count_of(test, "milliseconds") + " ms\n"
                        : "not delivered: " + printable(text_of(test, "fault")) + "\n");
  }
  return delivered ? 0 : 1;
}

int remove(Invocation& run, const RemoveOptions& options) {
  int code = 0;
  for (const auto& webhook : options.webhooks) {
    try {
      run.api().call("DELETE", path_of("/webhooks", webhook));
      if (!run.json) {
        run.print(printable(webhook) + " removed\n");
      }
    } catch (const Error& error) {
      run.note(printable(webhook) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

void add_for_one(CLI::App& group, Invocation& run, const char* name, const char* about,
                 int (*action)(Invocation&, const OneWebhook&)) {
  auto [app, options] = add_command<OneWebhook>(group, run, name, about, action);
  app->add_option("webhook", options->webhook, "Its id")->type_name("WEBHOOK")->required();
}

}  // namespace

void add_webhook_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("webhook", "Addresses that events are sent to, signed")->require_subcommand(1);
  auto [create_app, create_options] = add_command<CreateOptions>(
      *group, run, "create", "Have events sent to an address, and print the webhook's id and secret", create);
  create_app->add_option("url", create_options->url, "https://…, or http:// to the server's own host")
      ->type_name("URL")
      ->required();
  create_app->add_option("--event", create_options->types, "Only events of this type; can be repeated")
      ->type_name("TYPE")
      ->allow_extra_args(false);  // else it would take the address, too
  add_command<NoOptions>(*group, run, "ls", "List webhooks", list);
  add_for_one(*group, run, "show", "Tell how its deliveries go", show);
  add_for_one(*group, run, "test", "Send a test and tell what came of it", test);
  add_for_one(*group, run, "enable", "Go on with deliveries where they stopped", enable);
  add_for_one(*group, run, "disable", "Send nothing until it is enabled", disable);
  add_for_one(*group, run, "rotate", "Give it a new secret; the one before signs, too, for a day", rotate);
  auto [remove_app, remove_options] = add_command<RemoveOptions>(*group, run, "rm", "Remove webhooks", remove);
  remove_app->add_option("webhooks", remove_options->webhooks, "Their ids")->type_name("WEBHOOK")->required();
}

}  // namespace berth::cli
