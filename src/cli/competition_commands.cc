// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "base/toml.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct OneCompetition {
  std::string name;
};

struct CreateOptions {
  std::string file;
};

struct JoinOptions {
  std::string competition;
  std::string name;
  std::string code;
  std::string region;
};

struct ExportOptions {
  std::string competition;
  bool csv = false;
};

std::string windows_of(const boost::json::value& competition) {
  std::string all;
  for (const auto& window : competition.at("windows").as_array()) {
    const std::string region = text_of(window, "region");
    all += (all.empty() ? "" : ", ") + (region.empty() ? "" : region + " ") + text_of(window, "begin") + " to " +
           text_of(window, "end");
  }
  return all;
}

int list(Invocation& run, const NoOptions&) {
  const auto answer = run.api().get("/competitions");
  if (run.json) {
    run.print_json(answer);
    return 0;
  }
  Table table({"NAME", "TITLE", "WINDOWS", "MINE"});
  for (const auto& each : items_of(answer)) {
    const auto* region = each.as_object().if_contains("region");
    const bool joined = region != nullptr && region->is_string();
    const std::string mine = !joined ? "" : region->get_string().empty() ? "joined" : std::string(region->get_string());
    table.add({text_of(each, "name"), text_of(each, "title"), windows_of(each), mine});
  }
  run.print(table.text());
  return 0;
}

int tell(Invocation& run, const boost::json::value& competition) {
  if (run.json) {
    run.print_json(competition);
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> lines{
      {"Competition", text_of(competition, "name")},
      {"Title", text_of(competition, "title")},
      {"Windows", windows_of(competition)},
      {"Participants", std::to_string(number_of(competition, "participants").value_or(0))}};
  if (const auto& mine = competition.at("mine"); mine.is_object()) {
    const auto& window = mine.at("window");
    lines.emplace_back("Mine", text_of(mine, "name"));
    lines.emplace_back("Begins", relative_time(parse_time(text_of(window, "begin")), run.now()));
    lines.emplace_back("Ends", relative_time(parse_time(text_of(window, "end")), run.now()));
    lines.emplace_back("Team code", text_of(mine, "code"));
  }
  run.print(field_lines(lines));
  Table table({"LAB", "TITLE", "SOLVED IN"});
  for (const auto& lab : competition.at("labs").as_array()) {
    const auto seconds = number_of(lab, "seconds");
    table.add({text_of(lab, "name"), text_of(lab, "title"), seconds ? format_duration(Seconds{*seconds}) : ""});
  }
  if (!table.empty()) {
    run.print("\n" + table.text());
  }
  return 0;
}

int show(Invocation& run, const OneCompetition& options) {
  return tell(run, run.api().get(path_of("/competitions", options.name)));
}

int create(Invocation& run, const CreateOptions& options) {
  boost::json::object definition = read_toml_file(options.file).as_object();
  const std::string name = text_of(definition, "name");
  if (name.empty()) {
    throw Error(ErrorKind::invalid_argument, printable(options.file) + " has no name = \"…\"");
  }
  definition.erase("name");
  return tell(run, run.api().call("PUT", path_of("/competitions", name), std::move(definition)));
}

int end(Invocation& run, const OneCompetition& options) {
  return tell(run, run.api().call("POST", path_of("/competitions", options.name, "/end")));
}

int join(Invocation& run, const JoinOptions& options) {
  boost::json::object request;
  for (const auto& [key, value] :
       {std::pair{"name", options.name}, {"code", options.code}, {"region", options.region}}) {
    if (!value.empty()) {
      request[key] = value;
    }
  }
  return tell(run, run.api().call("POST", path_of("/competitions", options.competition, "/join"), std::move(request)));
}

int board(Invocation& run, const OneCompetition& options) {
  const auto answer = run.api().get(path_of("/competitions", options.name, "/board"));
  if (run.json) {
    run.print_json(answer);
    return 0;
  }
  Table table({"RANK", "NAME", "REGION", "SOLVED", "TIME"});
  table.align_right({0, 3});
  for (const auto& each : answer.at("standings").as_array()) {
    table.add({std::to_string(number_of(each, "rank").value_or(0)), text_of(each, "name"), text_of(each, "region"),
               std::to_string(number_of(each, "solved").value_or(0)),
               format_duration(Seconds{number_of(each, "seconds").value_or(0)})});
  }
  run.print(table.text());
  if (answer.at("frozen").as_bool()) {
    run.note("the board is frozen until the end");
  }
  return 0;
}

int export_results(Invocation& run, const ExportOptions& options) {
  const std::string path = path_of("/competitions", options.competition, "/export");
  if (!options.csv) {
    run.print_json(run.api().get(path));
    return 0;
  }
  CallOptions call;
  call.query.emplace_back("form", "csv");
  run.api().open(path, "text/csv", call);
  std::string piece(64U * 1024, '\0');
  while (const std::size_t count = run.api().read_some(piece.data(), piece.size())) {
    run.print(std::string_view(piece).substr(0, count));
  }
  return 0;
}

}  // namespace

void add_competition_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("competition", "Labs that count for a while, and a board")->require_subcommand(1);
  add_command<NoOptions>(*group, run, "ls", "List competitions", list);
  const auto add_one = [&](const char* name, const char* about, int (*action)(Invocation&, const OneCompetition&)) {
    auto [one_app, one_options] = add_command<OneCompetition>(*group, run, name, about, action);
    one_app->add_option("competition", one_options->name, "Its name")->type_name("COMPETITION")->required();
  };
  add_one("show", "Show a competition and what is mine in it", show);
  add_one("board", "Show who is where", board);
  auto [join_app, join_options] = add_command<JoinOptions>(*group, run, "join", "Take part", join);
  join_app->add_option("competition", join_options->competition, "Its name")->type_name("COMPETITION")->required();
  join_app->add_option("--name", join_options->name, "Of a new team, or yours on the board")->type_name("NAME");
  join_app->add_option("--code", join_options->code, "Of a team that is there")->type_name("CODE");
  join_app->add_option("--region", join_options->region, "Which window")->type_name("REGION");
  auto [create_app, create_options] =
      add_command<CreateOptions>(*group, run, "create", "Make a competition, or change it", create);
  create_app->add_option("file", create_options->file, "What it is, in TOML")->type_name("FILE")->required();
  add_one("end", "End a competition now", end);
  auto [export_app, export_options] =
      add_command<ExportOptions>(*group, run, "export", "Print the results as they really are", export_results);
  export_app->add_option("competition", export_options->competition, "Its name")->type_name("COMPETITION")->required();
  export_app->add_flag("--csv", export_options->csv, "As CSV; left out, JSON");
}

}  // namespace berth::cli
