// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <thread>

#include "base/described.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "cli/server_sent_events.h"
#include "cli/table.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

struct EventOptions {
  bool follow = false;
  std::string instance;
  std::size_t last = 50;
  std::int64_t after = -1;
};

struct OneInstance {
  std::string instance;
};

struct UsageOptions {
  std::string instance;
  bool follow = false;
};

void print_event(Invocation& run, const boost::json::value& event) {
  if (run.json) {
    run.print_json(event);
    return;
  }
  const std::string subject = text_of(event, "instance") + text_of(event, "image");
  run.print(printable(text_of(event, "at")) + "  " + printable(text_of(event, "type")) +
            (subject.empty() ? "" : "  " + printable(subject)) + "  " + printable(text_of(event, "detail")) + "\n");
}

// Reads a stream of events until it ends.
void read_stream(Invocation& run, const std::string& path, const CallOptions& options,
                 const std::function<void(const ServerSentEvent&)>& on_event) {
  run.api().open(path, "text/event-stream", options);
  EventSplitter splitter(on_event);
  std::string piece(16 * 1024, '\0');
  while (const std::size_t count = run.api().read_some(piece.data(), piece.size(), std::nullopt)) {
    splitter.take(std::string_view(piece).substr(0, count));
  }
}

// Follows until the user has enough; a connection that breaks is made anew behind the last event seen.
[[noreturn]] void follow(Invocation& run, const EventOptions& options, CallOptions call) {
  std::string last = options.after >= 0 ? std::to_string(options.after) : "";
  Milliseconds wait{200};
  while (true) {
    call.headers.clear();
    if (!last.empty()) {
      call.headers.emplace_back("Last-Event-ID", last);
    }
    try {
      read_stream(run, "/events", call, [&](const ServerSentEvent& event) {
        wait = Milliseconds{200};
        if (!event.id.empty()) {
          last = event.id;
          print_event(run, parse_json(event.data));
        }
      });
    } catch (const Error& error) {
      if ((error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::timed_out) || wait > Seconds{30}) {
        throw;
      }
    }
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

int events(Invocation& run, const EventOptions& options) {
  CallOptions call;
  if (!options.instance.empty()) {
    call.query.emplace_back("instance", text_of(resolve_instance(run.api(), options.instance, Among::all), "id"));
  }
  if (options.follow) {
    follow(run, options, call);
  }
  std::deque<boost::json::value> kept;
  std::int64_t after = std::max<std::int64_t>(options.after, 0);
  std::int64_t seen = after;
  call.query.emplace_back("limit", "200");
  while (true) {
    CallOptions page_call = call;
    page_call.query.emplace_back("after", std::to_string(after));
    const auto page = run.api().get("/events", page_call);
    for (const auto& event : items_of(page)) {
      kept.push_back(event);
      seen = std::max(seen, number_of(event, "sequence").value_or(0));
      if (kept.size() > options.last) {
        kept.pop_front();
      }
    }
    const auto next = number_of(page, "next_after");
    if (!next || *next <= after || items_of(page).empty()) {
      break;
    }
    after = *next;
  }
  if (run.json) {
    run.print_json(boost::json::object{{"items", boost::json::array(kept.begin(), kept.end())}, {"next_after", seen}});
    return 0;
  }
  for (const auto& event : kept) {
    print_event(run, event);
  }
  return 0;
}

int ports(Invocation& run, const OneInstance& options) {
  const auto instance = resolve_instance(run.api(), options.instance);
  const auto list = run.api().get(path_of("/instances", text_of(instance, "id"), "/ports"));
  if (run.json) {
    run.print_json(list);
    return 0;
  }
  Table table({"PORT", "ADDRESS", "PROTOCOL"});
  for (const auto& port : items_of(list)) {
    table.add(
        {std::to_string(number_of(port, "port").value_or(0)), text_of(port, "address"), text_of(port, "protocol")});
  }
  run.print(table.text());
  return 0;
}

std::uint64_t amount(const boost::json::value& usage, std::string_view key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(usage, key).value_or(0), 0));
}

std::string of_limit(const boost::json::value& usage, std::string_view key, std::string_view limit) {
  return rough_size(amount(usage, key)) + " of " + rough_size(amount(usage, limit));
}

// Per cent of one core between two samples.
std::string cpu_between(const boost::json::value& before, const boost::json::value& usage) {
  const auto elapsed = parse_time(text_of(usage, "at")) - parse_time(text_of(before, "at"));
  if (elapsed <= Milliseconds{0}) {
    return "-";
  }
  const auto used = amount(usage, "cpu_microseconds") -
                    std::min(amount(usage, "cpu_microseconds"), amount(before, "cpu_microseconds"));
  return std::to_string(used / 10 / static_cast<std::uint64_t>(elapsed.count())) + " %";
}

int follow_usage(Invocation& run, const std::string& path) {
  boost::json::value before;
  read_stream(run, path, {}, [&](const ServerSentEvent& event) {
    const auto usage = parse_json(event.data);
    if (run.json) {
      run.print_json(usage);
    } else if (!before.is_null()) {
      run.print("cpu " + cpu_between(before, usage) + "  memory " + of_limit(usage, "memory", "memory_limit") +
                "  disk " + of_limit(usage, "disk", "disk_limit") + "  processes " +
                std::to_string(amount(usage, "processes")) + "\n");
    }
    before = usage;
  });
  return 0;
}

int usage(Invocation& run, const UsageOptions& options) {
  const auto instance = resolve_instance(run.api(), options.instance);
  const std::string path = path_of("/instances", text_of(instance, "id"), "/usage");
  if (options.follow) {
    return follow_usage(run, path);
  }
  const auto before = run.api().get(path);
  if (run.json) {
    run.print_json(before);
    return 0;
  }
  std::this_thread::sleep_for(Milliseconds{500});  // what the CPU does takes two looks
  const auto now = run.api().get(path);
  run.print(field_lines(
      {{"CPU", cpu_between(before, now) + " of " + std::to_string(amount(now, "cpu_percent_limit")) + " % of a core"},
       {"CPU time", format_duration(Seconds{amount(now, "cpu_microseconds") / 1'000'000})},
       {"Memory", of_limit(now, "memory", "memory_limit")},
       {"Disk", of_limit(now, "disk", "disk_limit")},
       {"Processes", std::to_string(amount(now, "processes"))},
       {"Received", rough_size(amount(now, "received"))},
       {"Sent", rough_size(amount(now, "sent"))}}));
  return 0;
}

}  // namespace

void add_watch_commands(CLI::App& app, Invocation& run) {
  auto [events_command, events_options] = add_command<EventOptions>(app, run, "events", "Show what happened", events);
  events_command->add_flag("--follow,-f", events_options->follow, "Show what happens from now on");
  events_command->add_option("--instance", events_options->instance, "Only of this one")->type_name("INSTANCE");
  events_command->add_option("--last", events_options->last, "How many of the latest")->type_name("NUMBER");
  events_command->add_option("--after", events_options->after, "Only those behind this sequence number")
      ->type_name("NUMBER")
      ->check(CLI::NonNegativeNumber);

  auto [ports_command, ports_options] =
      add_command<OneInstance>(app, run, "ports", "List TCP ports that something listens on", ports);
  ports_command->add_option("instance", ports_options->instance, "Id or name")->type_name("INSTANCE")->required();

  auto [usage_command, usage_options] =
      add_command<UsageOptions>(app, run, "usage", "Show what an instance uses", usage);
  usage_command->add_option("instance", usage_options->instance, "Id or name")->type_name("INSTANCE")->required();
  usage_command->add_flag("--follow,-f", usage_options->follow, "A line every two seconds");
}

}  // namespace berth::cli
