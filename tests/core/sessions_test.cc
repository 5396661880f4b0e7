// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "core/host.h"
#include "core/session_end.h"

namespace berth::core {
namespace {

using runtimes::fake::AgentBehaviour;
using wire::SessionKind;

struct Heard {
  std::string out;
  std::string err;
  std::optional<int> code;
};

// Everything a view says until its program ends, acknowledged as it comes.
async::Task<Heard> hear(SessionView& view) {
  Heard heard;
  for (;;) {
    const SessionItem item = co_await view.next();
    if (const auto* output = std::get_if<SessionOutput>(&item)) {
      (output->stream == wire::Stream::standard_error ? heard.err : heard.out) += output->bytes;
      view.acknowledge(output->offset + output->bytes.size());
    } else if (const auto* exit = std::get_if<wire::SessionExit>(&item)) {
      heard.code = exit->code;
      co_return heard;
    }
  }
}

async::Task<> hear_into(SessionView& view, Heard& heard) { heard = co_await hear(view); }

std::string counted(int last) {
  std::string text;
  for (int number = 1; number <= last; ++number) {
    text += std::to_string(number) + "\n";
  }
  return text;
}

class SessionsTest : public Host {
 protected:
  wire::OpenSession command(std::vector<std::string> words) {
    return {.kind = SessionKind::command, .command = std::move(words)};
  }

  async::Task<> commands_run() {
    const InstanceId id = (co_await start(admin)).instance.id;
    auto view = co_await sessions.run(admin, id, command({"echo", "hi"}));
    const Heard echo = co_await hear(*view);
    EXPECT_EQ(echo.out, "hi\n");
    EXPECT_EQ(echo.code, 0);
    view = co_await sessions.run(admin, id, command({"exit", "7"}));
    EXPECT_EQ((co_await hear(*view)).code, 7);
    view = co_await sessions.run(admin, id, command({"stderr", "oops"}));
    EXPECT_EQ((co_await hear(*view)).err, "oops\n");
    view = co_await sessions.run(admin, id, command({"cat"}));
    const std::string text(600'000, 'x');
    Heard cat;
    co_await async::both(hear_into(*view, cat), feed(*view, text));
    EXPECT_TRUE(cat.out == text);
  }

  async::Task<> feed(SessionView& view, std::string text) {
    co_await view.input(std::move(text));
    view.end_input();
  }

  async::Task<> viewers_come_and_go() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const std::uint32_t session = co_await sessions.open(admin, id, command({"count", "1000"}));
    auto one = co_await sessions.attach(admin, id, session, 0);
    auto two = co_await sessions.attach(admin, id, session, 0);
    Heard first;
    Heard second;
    co_await async::both(hear_into(*one, first), hear_into(*two, second));
    EXPECT_EQ(first.out, counted(1000));
    EXPECT_EQ(second.out, counted(1000));
    one.reset();
    two.reset();
    auto late = co_await sessions.attach(admin, id, session, 2);
    EXPECT_EQ((co_await hear(*late)).out, counted(1000).substr(2));
    const auto list = co_await sessions.list(admin, id);
    EXPECT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].viewers, 1U);
    co_await sessions.close(admin, id, session);
    EXPECT_EQ(co_await kind_of(sessions.attach(admin, id, session, 0)), "not_found");
  }

  async::Task<> outlive_the_link() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const std::uint32_t session = co_await sessions.open(admin, id, command({"count", "50000"}));
    auto view = co_await sessions.attach(admin, id, session, 0);
    std::string heard;
    while (heard.size() < 100'000) {
      const SessionItem item = co_await view->next();
      if (const auto* output = std::get_if<SessionOutput>(&item)) {
        heard += output->bytes;
        view->acknowledge(heard.size());
      }
    }
    links.drop(id);
    EXPECT_EQ(co_await kind_of(drain(*view)), "unavailable");
    view = co_await sessions.attach(admin, id, session, heard.size());
    heard += (co_await hear(*view)).out;
    EXPECT_EQ(heard.size(), counted(50'000).size());
    EXPECT_TRUE(heard == counted(50'000));  // not EXPECT_EQ: its difference of long texts takes all memory
  }

  async::Task<> drain(SessionView& view) {
    for (;;) {
      co_await view.next();
    }
  }

  async::Task<> a_viewer_holds_the_program_back() {
    const InstanceId id = (co_await start(admin)).instance.id;
    const std::uint32_t session = co_await sessions.open(admin, id, command({"count", "200000"}));
    auto view = co_await sessions.attach(admin, id, session, 0);
    std::uint64_t received = 0;
    while (received < wire::output_window) {
      const SessionItem item = co_await view->next();
      received += std::get<SessionOutput>(item).bytes.size();
    }
    EXPECT_EQ(received, wire::output_window);
    view->acknowledge(received);
    const SessionItem more = co_await view->next();
    EXPECT_EQ(std::get<SessionOutput>(more).offset, received);
  }

  async::Task<> misbehaving(AgentBehaviour behaviour, std::string& kind) {
    const InstanceId id = (co_await start(admin)).instance.id;
    links.drop(id);
    for (int turn = 0; turn < 10; ++turn) {  // until the old link has let its channel go
      co_await async::pause_for(Milliseconds{0});
    }
    runtime.behave(id, behaviour);
    kind = co_await kind_of(sessions.open(admin, id, command({"true"})));
  }

  async::Task<> files_go_both_ways() {
    const InstanceId id = (co_await start(admin)).instance.id;
    bool given = false;
    const Sessions::Source source = [&given]() -> async::Task<std::optional<std::string>> { return next_piece(given); };
    co_await sessions.write_files(admin, id, "/tmp/a", FileForm::raw, source);
    std::string read;
    co_await sessions.read_files(admin, id, "/tmp/a", FileForm::raw,
                                 [&](std::string piece) { return keep(read, std::move(piece)); });
    EXPECT_EQ(read, "content");
    EXPECT_EQ(co_await kind_of(sessions.read_files(admin, id, "/nowhere", FileForm::raw,
                                                   [&](std::string piece) { return keep(read, std::move(piece)); })),
              "not_found");
    EXPECT_TRUE((co_await sessions.list(admin, id)).empty());
  }

  static async::Task<std::optional<std::string>> next_piece(bool& given) {
    if (std::exchange(given, true)) {
      co_return std::nullopt;
    }
    co_return "content";
  }
  static async::Task<> keep(std::string& into, std::string piece) {
    into += piece;
    co_return;
  }

  async::Task<> not_while_stopped() {
    const InstanceId id = (co_await start(admin)).instance.id;
    co_await instances.act(admin, id, Action::stop);
    const Failure failure = co_await failure_of(without_result(sessions.open(admin, id, command({"true"}))));
    EXPECT_EQ(failure.kind, "conflict");
    EXPECT_THAT(failure.message, testing::HasSubstr("start it first"));
  }

  async::Task<> ended_ones_make_room() {
    const InstanceId id = (co_await start(admin)).instance.id;
    for (std::size_t count = 0; count < wire::max_sessions; ++count) {
      const auto session = co_await sessions.open(admin, id, command({"true"}));
      auto view = co_await sessions.attach(admin, id, session, 0);
      co_await hear(*view);
    }
    EXPECT_EQ(co_await kind_of(sessions.open(admin, id, command({"true"}))), "none");
  }
};

TEST_F(SessionsTest, run_commands_with_their_streams_and_exit_codes) { run(commands_run()); }
TEST_F(SessionsTest, give_every_viewer_the_whole_output) { run(viewers_come_and_go()); }
TEST_F(SessionsTest, outlive_a_link_without_losing_a_byte) { run(outlive_the_link()); }
TEST_F(SessionsTest, hold_a_program_back_while_nobody_takes_its_output) { run(a_viewer_holds_the_program_back()); }
TEST_F(SessionsTest, move_files_both_ways_and_leave_no_session) { run(files_go_both_ways()); }
TEST_F(SessionsTest, need_a_running_instance_and_say_what_to_do) { run(not_while_stopped()); }
TEST_F(SessionsTest, that_have_ended_make_room_for_new_ones) { run(ended_ones_make_room()); }
TEST_F(SessionsTest, an_agent_that_sends_garbage_is_the_instances_fault) {
  std::string kind;
  run(misbehaving(AgentBehaviour::garbage, kind));
  EXPECT_EQ(kind, "instance_fault");
}
TEST_F(SessionsTest, an_agent_that_closes_is_unavailable) {
  std::string kind;
  run(misbehaving(AgentBehaviour::closes, kind));
  EXPECT_EQ(kind, "unavailable");
}

}  // namespace
}  // namespace berth::core
