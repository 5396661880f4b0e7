// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <fstream>

#include "base/described.h"
#include "cli/completion.h"
#include "cli/loopback_server.h"
#include "cli/temporary_folder.h"

namespace berth::cli {
namespace {

using testing::HasSubstr;

const TimePoint now = parse_time("2026-01-31T12:00:00Z");

struct Outcome {
  int code = 0;
  std::string output;
  std::string errors;
};

// Runs the command in a world of its own: a folder for the config, a clock that stands, descriptors in memory.
class CommandLine : public testing::Test {
 protected:
  TemporaryFolder folder;
  ManualClock clock{now};
  Environment environment = {{"XDG_CONFIG_HOME", folder.path()}, {"BERTH_TOKEN", "berth_test"}};

  Outcome run(std::vector<std::string> arguments, const std::string& input = "") {
    const Filled filled(input);
    const Collected output;
    const Collected errors;
    Surroundings around;
    around.environment = environment;
    around.input = filled.descriptor();
    around.output = output.descriptor();
    around.errors = errors.descriptor();
    around.clock = &clock;
    around.reattach = {.first_wait = Milliseconds{1}, .give_up = Seconds{10}};
    const int code = run_command(std::move(arguments), around);
    return {code, output.text(), errors.text()};
  }

  Outcome run(const LoopbackServer& server, std::vector<std::string> arguments, const std::string& input = "") {
    environment["BERTH_URL"] = server.url();
    return run(std::move(arguments), input);
  }
};

boost::json::object instance(const std::string& id, const std::string& name, const std::string& state) {
  return {
      {"id", id},
      {"name", name},
      {"account", "acc"},
      {"image", "busybox"},
      {"plan", "small"},
      {"state", state},
      {"reason", nullptr},
      {"queue_position", state == "queued" ? boost::json::value(3) : nullptr},
      {"created_at", format_time(now - Seconds{120})},
      {"started_at", nullptr},
      {"expires_at", state == "queued" ? boost::json::value() : boost::json::value(format_time(now + Seconds{1500}))},
      {"gone_at", nullptr},
      {"longest_until", nullptr}};
}

Reply json(const boost::json::value& value, unsigned status = 200) {
  return {.status = status, .body = print_json(value), .headers = {}};
}

// Two instances and a session that is opened when somebody asks.
Reply two_instances(const SeenRequest& request) {
  if (request.target.ends_with("/sessions") && request.method == "POST") {
    return json(boost::json::object{{"id", "7"}, {"kind", "command"}}, 201);
  }
  if (request.target.starts_with("/api/v1/instances?")) {
    return json(boost::json::object{
        {"items", boost::json::array{instance("abc1", "web", "running"), instance("abd2", "db", "queued")}},
        {"next_cursor", nullptr}});
  }
  if (request.target == "/api/v1/instances/abc1") {
    return json(instance("abc1", "web", "running"));
  }
  return request.method == "DELETE" ? Reply{.status = 204, .headers = {}}
                                    : problem(404, "not_found", "there is no such instance");
}

TEST_F(CommandLine, wrong_usage_is_2_and_one_line) {
  for (const auto& wrong : {std::vector<std::string>{"create"},
                            {"ls", "--no-such-option"},
                            {"no-such-command"},
                            {},
                            {"create", "busybox", "--ttl", "soon"},
                            {"image"}}) {
    const auto outcome = run(wrong);
    EXPECT_EQ(outcome.code, 2) << outcome.errors;
    EXPECT_THAT(outcome.errors, testing::MatchesRegex("berth: [^\n]*\n"));
    EXPECT_EQ(outcome.output, "");
  }
}

TEST_F(CommandLine, of_exec_and_sh_a_failure_of_ours_is_125) {
  EXPECT_EQ(run({"exec", "box"}).code, 125);
  EXPECT_EQ(run({"exec", "box", "--no-such-option", "--", "true"}).code, 125);
  const LoopbackServer server(two_instances);
  const auto outcome = run(server, {"exec", "nothing", "--", "true"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.errors, "berth: there is no instance 'nothing'; 'berth ls' shows yours\n");
  EXPECT_EQ(run(server, {"sh", "nothing"}).code, 125);
}

TEST_F(CommandLine, help_and_version_are_no_failures) {
  EXPECT_EQ(run({"--version"}).code, 0);
  EXPECT_THAT(run({"exec", "--help"}).output, HasSubstr("--workdir"));
}

TEST_F(CommandLine, a_list_is_a_table_or_the_apis_json) {
  const LoopbackServer server(two_instances);
  const auto table = run(server, {"ls"});
  EXPECT_EQ(table.code, 0) << table.errors;
  EXPECT_EQ(table.output,
            "ID    NAME  IMAGE    PLAN   STATE      ENDS    CREATED\n"
            "abc1  web   busybox  small  running    in 25m  2m ago\n"
            "abd2  db    busybox  small  queued #3  -       2m ago\n");
  for (const auto& arguments : {std::vector<std::string>{"ls", "--json"}, {"--json", "ls"}}) {
    EXPECT_EQ(parse_json(run(server, arguments).output).at("items").as_array().size(), 2U);
  }
}

TEST_F(CommandLine, exec_passes_words_input_output_and_exit_code_through) {
  std::string input;
  const LoopbackServer server(two_instances, [&](ViewerConnection& viewer) {
    viewer.send({{"type", "attached"}, {"offset", 0}, {"input", 0}});
    for (auto message = viewer.receive(); !message.text; message = viewer.receive()) {
      input += message.bytes;
    }
    viewer.send_output(1, "out\n");
    viewer.send_output(2, "err\n");
    viewer.send({{"type", "exit"}, {"code", 42}});
    viewer.receive();
  });
  const auto outcome =
      run(server, {"exec", "web", "-e", "A=b=c", "-w", "/tmp", "-u", "nobody", "--", "ls", "--json", "--", "-l"}, "in");
  EXPECT_EQ(outcome.code, 42) << outcome.errors;
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.errors, "err\n");
  EXPECT_EQ(input, "in");
  std::string body;
  std::string closed;
  for (const auto& request : server.seen()) {
    body = request.method == "POST" ? request.body : body;
    closed = request.method == "DELETE" ? request.target : closed;
  }
  EXPECT_EQ(parse_json(body), parse_json(R"({"kind":"command","command":["ls","--json","--","-l"],
      "environment":{"A":"b=c"},"directory":"/tmp","user":"nobody"})"));
  EXPECT_EQ(closed, "/api/v1/instances/abc1/sessions/7");
}

TEST_F(CommandLine, a_command_that_is_not_there_is_127) {
  const LoopbackServer server([](const SeenRequest& request) {
    return request.method == "POST" ? problem(404, "not_found", "there is no program 'x' in the PATH")
                                    : two_instances(request);
  });
  const auto outcome = run(server, {"exec", "web", "--", "x"});
  EXPECT_EQ(outcome.code, 127);
  EXPECT_EQ(outcome.errors, "berth: there is no program 'x' in the PATH\n");
}

TEST_F(CommandLine, create_waits_by_one_key_until_it_runs) {
  std::atomic<int> asked = 0;
  const LoopbackServer server([&](const SeenRequest&) {
    const int count = ++asked;
    return json(instance("abc1", "web", count == 1 ? "queued" : count == 2 ? "starting" : "running"), 201);
  });
  const auto outcome = run(server, {"create", "busybox", "--wait", "--ttl", "30m", "--plan", "small"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "abc1\n");
  EXPECT_EQ(outcome.errors,
            "berth: waiting for room, number 3 in the queue\nberth: starting\n"
            "berth: web is running; it ends in 25m; 'berth sh abc1' opens a shell\n");
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].body, R"({"image":"busybox","plan":"small","lifetime":1800})");
  EXPECT_EQ(seen[1].target, "/api/v1/instances?wait=2");
  EXPECT_FALSE(seen[0].headers.at("idempotency-key").empty());
  EXPECT_EQ(seen[0].headers.at("idempotency-key"), seen[2].headers.at("idempotency-key"));
}

TEST_F(CommandLine, create_fails_with_the_instances_reason) {
  const LoopbackServer server([](const SeenRequest&) {
    auto failed = instance("abc1", "web", "failed");
    failed["reason"] = "the disk is full";
    return json(failed, 201);
  });
  const auto outcome = run(server, {"create", "busybox", "--wait"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("the disk is full"));
}

TEST_F(CommandLine, of_several_one_that_fails_does_not_keep_the_others) {
  const LoopbackServer server(two_instances);
  const auto outcome = run(server, {"rm", "nothing", "web"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.output, "abc1 removed\n");
  EXPECT_THAT(outcome.errors, HasSubstr("berth: nothing: there is no instance"));
}

Reply accepts_code(const SeenRequest& request) {
  if (request.target == "/api/v1/login" && request.body == R"({"code":"one-time","kind":"api_token"})") {
    return json(boost::json::object{{"account", nullptr}, {"token", "berth_fresh"}});
  }
  if (request.target == "/api/v1/account" && request.headers.at("authorization") == "Bearer berth_fresh") {
    return json(boost::json::object{{"id", "1"}, {"name", "ada"}, {"role", "admin"}});
  }
  return problem(401, "unauthenticated", "this login link was used or has expired");
}

TEST_F(CommandLine, login_trades_the_link_for_a_token_that_later_commands_use) {
  environment.erase("BERTH_TOKEN");
  const LoopbackServer server(accepts_code);
  const auto outcome = run({"login", server.url() + "/#code=one-time"});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "Signed in at " + server.url() + " as ada (admin).\n");
  EXPECT_EQ(run({"whoami"}).output, "ada (admin) at " + server.url() + "\n");
  EXPECT_EQ(run({"login", server.url()}, "berth_fresh\n").code, 0);
  EXPECT_EQ(run({"login", server.url()}, server.url() + "/#code=one-time\n").code, 0);
}

TEST_F(CommandLine, a_used_link_changes_nothing_and_tokens_are_not_taken_from_the_command_line) {
  environment.erase("BERTH_TOKEN");
  const LoopbackServer server(accepts_code);
  const auto used = run({"login", server.url() + "/#code=used"});
  EXPECT_EQ(used.code, 1);
  EXPECT_THAT(used.errors, HasSubstr("berth: this login link was used or has expired"));
  const auto argument = run({"login", server.url() + "/#code=berth_fresh"});
  EXPECT_EQ(argument.code, 1);
  EXPECT_THAT(argument.errors, HasSubstr("not taken from the command line"));
  const auto typed = run({"login", server.url()}, "berth_wrong\n");
  EXPECT_EQ(typed.code, 1);
  EXPECT_EQ(typed.errors, "berth: this login link was used or has expired\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "berth" / "config.json"));
}

TEST_F(CommandLine, the_completion_knows_commands_options_and_names) {
  const Surroundings around;
  Invocation invocation(around);
  const auto parser = make_parser(invocation);
  const NameSource names = [](const std::string& kind) {
    return kind == "INSTANCE" ? std::vector<std::string>{"abc1", "web"} : std::vector<std::string>{kind + "-name"};
  };
  const auto candidates = [&](const std::vector<std::string>& words) { return complete(*parser, words, names); };
  using testing::ElementsAre;
  EXPECT_THAT(candidates({"c"}), ElementsAre("competition", "completion", "cp", "create"));
  EXPECT_THAT(candidates({"image", "i"}), ElementsAre("import"));
  EXPECT_THAT(candidates({"stop", ""}), ElementsAre("abc1", "web"));
  EXPECT_THAT(candidates({"stop", "web", "a"}), ElementsAre("abc1"));
  EXPECT_THAT(candidates({"create", "--wait", ""}), ElementsAre("IMAGE-name"));
  EXPECT_THAT(candidates({"create", "--plan", ""}), ElementsAre("PLAN-name"));
  EXPECT_THAT(candidates({"create", "x", "--w"}), ElementsAre("--wait"));
  EXPECT_THAT(candidates({"--json", "show", "w"}), ElementsAre("web"));
  EXPECT_THAT(candidates({"show", "web", ""}), testing::IsEmpty());
  EXPECT_THAT(candidates({"exec", "web", "--", "w"}), testing::IsEmpty());
}

TEST_F(CommandLine, the_completion_asks_the_server_and_is_silent_without_one) {
  const LoopbackServer server(two_instances);
  EXPECT_EQ(run(server, {"__complete", "--", "show", "a"}).output, "abc1\nabd2\n");
  environment["BERTH_URL"] = "http://127.0.0.1:1";
  const auto outcome = run({"__complete", "--", "show", "a"});
  EXPECT_EQ(outcome.output + outcome.errors, "");
  EXPECT_THAT(run({"completion", "bash"}).output, HasSubstr("complete -o default -F _berth berth"));
}

}  // namespace
}  // namespace berth::cli
