// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

std::string size_of(const boost::json::value& plan, std::string_view key) {
  return rough_size(static_cast<std::uint64_t>(number_of(plan, key).value_or(0)));
}

std::string time_of(const boost::json::value& plan, std::string_view key) {
  return format_duration(Seconds{number_of(plan, key).value_or(0)});
}

int list(Invocation& run, const NoOptions&) {
  const auto plans = run.api().get("/plans");
  if (run.json) {
    run.print_json(plans);
    return 0;
  }
  Table table({"NAME", "CPU", "MEMORY", "DISK", "EGRESS", "LIFETIME", "AT MOST", "RECORDED", "DESCRIPTION"});
  table.align_right({1, 2, 3});
  for (const auto& plan : items_of(plans)) {
    table.add({text_of(plan, "name"), std::to_string(number_of(plan, "cpu_percent").value_or(0)) + " %",
               size_of(plan, "memory"), size_of(plan, "disk"), text_of(plan, "egress"), time_of(plan, "lifetime"),
               time_of(plan, "longest_lifetime"), text_of(plan, "recording"), text_of(plan, "description")});
  }
  run.print(table.text());
  return 0;
}

}  // namespace

void add_plan_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("plan", "Resources and limits of instances")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List the plans you may use", list);
}

}  // namespace berth::cli
