// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/commands.h"
#include "cli/resolve.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct ListOptions {
  bool all = false;
  bool everyone = false;
};

struct OneInstance {
  std::string instance;
};

struct ManyInstances {
  std::vector<std::string> instances;
};

struct ExtendOptions {
  std::string instance;
  std::string lifetime;
};

struct RenameOptions {
  std::string instance;
  std::string name;
};

std::string when(Invocation& run, const boost::json::value& object, std::string_view key) {
  const std::string time = text_of(object, key);
  try {
    return time.empty() ? "" : relative_time(parse_time(time), run.now());
  } catch (const Error&) {
    return "";
  }
}

std::string state_of(const boost::json::value& instance) {
  const auto position = number_of(instance, "queue_position");
  return text_of(instance, "state") + (position ? " #" + std::to_string(*position) : "");
}

// When the next thing happens by itself: the end of the lease, or of the grace period.
std::string ends(Invocation& run, const boost::json::value& instance) {
  const std::string state = text_of(instance, "state");
  if (state == "gone") {
    return when(run, instance, "gone_at");
  }
  return when(run, instance, state == "grace" || state == "failed" ? "gone_at" : "expires_at");
}

int list(Invocation& run, const ListOptions& options) {
  CallOptions call;
  if (options.all) {
    call.query.emplace_back("all", "true");
  }
  if (options.everyone) {
    call.query.emplace_back("everyone", "true");
  }
  const auto page = run.api().list("/instances", call);
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  std::vector<std::string> headings = {"ID", "NAME", "IMAGE", "PLAN", "STATE", "ENDS", "CREATED"};
  if (options.everyone) {
    headings.emplace_back("ACCOUNT");
  }
  Table table(headings);
  for (const auto& instance : items_of(page)) {
    table.add({text_of(instance, "id"), text_of(instance, "name"), text_of(instance, "image"),
               text_of(instance, "plan"), state_of(instance), ends(run, instance), when(run, instance, "created_at"),
               text_of(instance, "account")});
  }
  run.print(table.text());
  return 0;
}

int show(Invocation& run, const OneInstance& options) {
  const auto instance = resolve_instance(run.api(), options.instance, Among::all);
  if (run.json) {
    run.print_json(instance);
    return 0;
  }
  const auto time = [&](const char* key) {
    const std::string text = text_of(instance, key);
    return text.empty() ? "" : when(run, instance, key) + " (" + text + ")";
  };
  run.print(field_lines({{"Id", text_of(instance, "id")},
                         {"Name", text_of(instance, "name")},
                         {"Account", text_of(instance, "account")},
                         {"Image", text_of(instance, "image")},
                         {"Plan", text_of(instance, "plan")},
                         {"State", state_of(instance)},
                         {"Reason", text_of(instance, "reason")},
                         {"Created", time("created_at")},
                         {"Started", time("started_at")},
                         {"Ends", time("expires_at")},
                         {"Gone", time("gone_at")},
                         {"At most until", time("longest_until")}}));
  return 0;
}

boost::json::value act(Invocation& run, const std::string& instance, boost::json::object action) {
  CallOptions options;
  options.limit = Seconds{45};  // the server's own limit is 30
  return run.api().call("POST", path_of("/instances", instance, "/actions"), std::move(action), options);
}

// Each of them in turn; one that fails does not keep the others from it.
template <class Work>
int for_each_instance(Invocation& run, const ManyInstances& options, Work work) {
  int code = 0;
  for (const auto& text : options.instances) {
    try {
      work(resolve_instance(run.api(), text));
    } catch (const Error& error) {
      run.note((options.instances.size() > 1 ? printable(text) + ": " : "") + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

template <const char* Action>
int act_on_many(Invocation& run, const ManyInstances& options) {
  return for_each_instance(run, options, [&](const boost::json::value& found) {
    const auto instance = act(run, text_of(found, "id"), {{"action", Action}});
    if (run.json) {
      run.print_json(instance);
    } else {
      run.print(printable(text_of(instance, "id")) + " " + printable(state_of(instance)) + "\n");
    }
    if (text_of(instance, "state") == "failed") {
      throw Error(ErrorKind::instance_fault, "it failed: " + text_of(instance, "reason"));
    }
  });
}

int extend(Invocation& run, const ExtendOptions& options) {
  const auto found = resolve_instance(run.api(), options.instance);
  boost::json::object action{{"action", "extend"}};
  if (!options.lifetime.empty()) {
    action["lifetime"] = parse_duration(options.lifetime).count();
  }
  const auto instance = act(run, text_of(found, "id"), std::move(action));
  if (run.json) {
    run.print_json(instance);
  } else {
    run.print(printable(text_of(instance, "id")) + " ends " + when(run, instance, "expires_at") + "\n");
  }
  return 0;
}

int rename(Invocation& run, const RenameOptions& options) {
  const auto found = resolve_instance(run.api(), options.instance);
  const auto instance =
      run.api().call("PATCH", path_of("/instances", text_of(found, "id")), boost::json::object{{"name", options.name}});
  if (run.json) {
    run.print_json(instance);
  } else {
    run.print(printable(text_of(instance, "id")) + " " + printable(text_of(instance, "name")) + "\n");
  }
  return 0;
}

int remove(Invocation& run, const ManyInstances& options) {
  return for_each_instance(run, options, [&](const boost::json::value& instance) {
    run.api().call("DELETE", path_of("/instances", text_of(instance, "id")));
    if (!run.json) {
      run.print(printable(text_of(instance, "id")) + " removed\n");
    }
  });
}

constexpr char start[] = "start";
constexpr char stop[] = "stop";
constexpr char restart[] = "restart";
constexpr char pause[] = "pause";
constexpr char resume[] = "resume";

void add_many(CLI::App& app, Invocation& run, const std::string& name, const std::string& about,
              int (*action)(Invocation&, const ManyInstances&)) {
  auto [command, options] = add_command<ManyInstances>(app, run, name, about, action);
  command->add_option("instances", options->instances, "Ids, beginnings of ids, or names")
      ->type_name("INSTANCE")
      ->required();
}

}  // namespace

void add_instance_commands(CLI::App& app, Invocation& run) {
  auto [list_command, list_options] = add_command<ListOptions>(app, run, "ls", "List instances", list);
  list_command->add_flag("--all", list_options->all, "Also those that are gone");
  list_command->add_flag("--everyone", list_options->everyone, "Those of all accounts");

  auto [show_command, show_options] = add_command<OneInstance>(app, run, "show", "Show one instance", show);
  show_command->add_option("instance", show_options->instance, "Id or name")->type_name("INSTANCE")->required();

  auto [extend_command, extend_options] =
      add_command<ExtendOptions>(app, run, "extend", "Let an instance live longer", extend);
  extend_command->add_option("instance", extend_options->instance, "Id or name")->type_name("INSTANCE")->required();
  extend_command->add_option("--ttl", extend_options->lifetime, "How much longer: 30m, 2h (left out: the plan's)")
      ->type_name("TIME")
      ->check(duration_fault);

  auto [rename_command, rename_options] = add_command<RenameOptions>(app, run, "rename", "Rename an instance", rename);
  rename_command->add_option("instance", rename_options->instance, "Id or name")->type_name("INSTANCE")->required();
  rename_command->add_option("name", rename_options->name, "The new name")->type_name("NAME")->required();

  add_many(app, run, start, "Start stopped instances", act_on_many<start>);
  add_many(app, run, stop, "Stop instances; their disks stay", act_on_many<stop>);
  add_many(app, run, restart, "Stop instances and start them again", act_on_many<restart>);
  add_many(app, run, pause, "Freeze instances", act_on_many<pause>);
  add_many(app, run, resume, "Let frozen instances go on", act_on_many<resume>);
  add_many(app, run, "rm", "Remove instances and their disks", remove);
}

}  // namespace berth::cli
