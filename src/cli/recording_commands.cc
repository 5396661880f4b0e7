// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "cli/commands.h"
#include "cli/resolve.h"
#include "cli/save.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct ListOptions {
  std::string words;
  std::string instance;
  bool everyone = false;
};

struct OneRecording {
  std::string recording;
};

struct GetOptions {
  std::string recording;
  std::string file;
};

struct RemoveOptions {
  std::vector<std::string> recordings;
};

struct ShareOptions {
  std::string recording;
  bool revoke = false;
};

bool has_ended(const boost::json::value& recording) { return !text_of(recording, "ended_at").empty(); }

std::string length_of(const boost::json::value& recording) {
  return has_ended(recording) ? format_duration(Seconds{number_of(recording, "duration").value_or(0)}) : "goes on";
}

std::string size_of(const boost::json::value& recording) {
  return has_ended(recording) ? rough_size(static_cast<std::uint64_t>(number_of(recording, "size").value_or(0))) : "";
}

std::string policy_of(const boost::json::value& recording) {
  const auto* policy = recording.is_object() ? recording.as_object().if_contains("policy") : nullptr;
  if (policy == nullptr) {
    return "";
  }
  const std::string until = text_of(*policy, "until");
  return text_of(*policy, "kind") + (until.empty() ? "" : " until " + until);
}

int list(Invocation& run, const ListOptions& options) {
  CallOptions call;
  if (!options.words.empty()) {
    call.query.emplace_back("q", options.words);
  }
  if (!options.instance.empty()) {
    call.query.emplace_back("instance", options.instance);
  }
  if (options.everyone) {
    call.query.emplace_back("everyone", "true");
  }
  const auto page = run.api().list("/recordings", call);
  if (run.json) {
    run.print_json(page);
    return 0;
  }
  Table table({"ID", "TITLE", "BEGAN", "LENGTH", "SIZE", "SEEN BY"});
  for (const auto& recording : items_of(page)) {
    table.add({text_of(recording, "id"), text_of(recording, "title"),
               relative_time(parse_time(text_of(recording, "began_at")), run.now()), length_of(recording),
               size_of(recording), policy_of(recording)});
  }
  run.print(table.text());
  return 0;
}

int show(Invocation& run, const OneRecording& options) {
  const auto recording = run.api().get(path_of("/recordings", options.recording));
  if (run.json) {
    run.print_json(recording);
    return 0;
  }
  run.print(field_lines({{"id", text_of(recording, "id")},
                         {"title", text_of(recording, "title")},
                         {"instance", text_of(recording, "instance")},
                         {"session", text_of(recording, "session")},
                         {"began", text_of(recording, "began_at")},
                         {"ended", text_of(recording, "ended_at")},
                         {"length", length_of(recording)},
                         {"size", size_of(recording)},
                         {"seen by", policy_of(recording)}}));
  return 0;
}

int get(Invocation& run, const GetOptions& options) {
  const std::string file = options.file.empty() ? options.recording + ".cast" : options.file;
  const auto answer =
      run.api().open(path_of("/recordings", options.recording, "/cast"), "application/x-asciicast, */*");
  const std::uint64_t received = save(run, answer.length, file, "downloading");
  if (file != "-") {
    run.note("wrote " + rough_size(received) + " to " + printable(file) + "; play it with: asciinema play " +
             printable(file));
  }
  return 0;
}

int remove(Invocation& run, const RemoveOptions& options) {
  int code = 0;
  for (const auto& recording : options.recordings) {
    try {
      run.api().call("DELETE", path_of("/recordings", recording));
      if (!run.json) {
        run.print(printable(recording) + " removed\n");
      }
    } catch (const Error& error) {
      run.note(printable(recording) + ": " + printable(error.what()));
      code = 1;
    }
  }
  return code;
}

int share(Invocation& run, const ShareOptions& options) {
  const std::string path = path_of("/recordings", options.recording, "/share");
  if (options.revoke) {
    run.api().call("DELETE", path);
    return 0;
  }
  const auto link = run.api().call("POST", path);
  if (run.json) {
    run.print_json(link);
  } else {
    run.print(printable(text_of(link, "url")) + "\n");
  }
  return 0;
}

}  // namespace

void add_recording_commands(CLI::App& app, Invocation& run) {
  auto* group = app.add_subcommand("recording", "What terminals showed")->require_subcommand(1);
  auto [list_app, list_options] = add_command<ListOptions>(*group, run, "ls", "List recordings, newest first", list);
  list_app->add_option("words", list_options->words, "Words, or their beginnings, that were shown")->type_name("WORDS");
  list_app->add_option("--instance", list_options->instance, "Only of this instance")->type_name("INSTANCE");
  list_app->add_flag("--everyone", list_options->everyone, "Of all accounts");

  auto [show_app, show_options] = add_command<OneRecording>(*group, run, "show", "Show one recording", show);
  show_app->add_option("recording", show_options->recording, "Its id")->type_name("RECORDING")->required();

  auto [get_app, get_options] = add_command<GetOptions>(*group, run, "get", "Download an asciicast", get);
  get_app->add_option("recording", get_options->recording, "Its id")->type_name("RECORDING")->required();
  get_app->add_option("file", get_options->file, "Left out: ID.cast; - is standard output")->type_name("FILE");

  auto [remove_app, remove_options] = add_command<RemoveOptions>(*group, run, "rm", "Remove recordings", remove);
  remove_app->add_option("recordings", remove_options->recordings, "Their ids")->type_name("RECORDING")->required();

  auto [share_app, share_options] =
      add_command<ShareOptions>(*group, run, "share", "Make a link that shows it to anybody", share);
  share_app->add_option("recording", share_options->recording, "Its id")->type_name("RECORDING")->required();
  share_app->add_flag("--revoke", share_options->revoke, "Take the link back");
}

}  // namespace berth::cli
