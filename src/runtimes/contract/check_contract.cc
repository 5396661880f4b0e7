// SPDX-License-Identifier: Apache-2.0
#include "async/race.h"
#include "runtimes/contract/conversation.h"
#include "runtimes/contract/runtime_contract.h"

namespace berth::runtimes::contract {
namespace {

using core::CheckEnd;
using core::CheckSpec;
using core::Runtime;

const InstanceId id{"check-one"};
const InstanceId other{"check-two"};

async::Task<> answers_case(Runtime& runtime, bool inside) {
  co_await runtime.create(id, small_spec());
  const auto good = co_await runtime.check(id, {.inside = inside}, "#!/bin/sh\necho OK it is\necho more\n");
  EXPECT_EQ(good.end, CheckEnd::exited);
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.output, "OK it is\nmore\n");
  EXPECT_EQ(good.errors, "");
  const auto bad = co_await runtime.check(id, {.inside = inside}, "#!/bin/sh\necho NO\nno-such-command\nexit 3\n");
  EXPECT_EQ(bad.end, CheckEnd::exited);
  EXPECT_EQ(bad.code, 3);
  EXPECT_EQ(bad.output, "NO\n");
  EXPECT_NE(bad.errors.find("not found"), std::string::npos) << bad.errors;
}
TEST_P(RuntimeContract, a_check_from_outside_tells_what_it_said_and_how_it_ended) {
  run(answers_case(runtime(), false));
}
TEST_P(RuntimeContract, a_check_inside_tells_what_it_said_and_how_it_ended) { run(answers_case(runtime(), true)); }

async::Task<> ends_case(Runtime& runtime, bool inside) {
  co_await runtime.create(id, small_spec());
  const auto killed = co_await runtime.check(id, {.inside = inside}, "#!/bin/sh\nkill -9 $$\n");
  EXPECT_EQ(killed.end, CheckEnd::killed);
  EXPECT_EQ(killed.code, 9);
  const auto late =
      co_await runtime.check(id, {.inside = inside, .seconds = 1}, "#!/bin/sh\necho OK\nsleep 50\necho OK\n");
  EXPECT_EQ(late.end, CheckEnd::timed_out);
  EXPECT_EQ(late.output, "OK\n");
}
TEST_P(RuntimeContract, a_check_from_outside_that_is_killed_or_late_says_so) { run(ends_case(runtime(), false)); }
TEST_P(RuntimeContract, a_check_inside_that_is_killed_or_late_says_so) { run(ends_case(runtime(), true)); }

async::Task<> files_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  {
    auto conversation = co_await Conversation::begin(runtime, id);
    co_await conversation.run(wire::OpenSession{.kind = wire::SessionKind::write_file, .path = "/root/mine"}, "seen");
  }
  EXPECT_EQ((co_await runtime.check(id, {}, "#!/bin/sh\ncat /machine/root/mine\n")).output, "seen");
  EXPECT_EQ((co_await runtime.check(id, {.inside = true}, "#!/bin/sh\ncat /root/mine\n")).output, "seen");
  EXPECT_NE((co_await runtime.check(id, {}, "#!/bin/sh\ncat /machine/root/other\n")).code, 0);
}
TEST_P(RuntimeContract, a_check_sees_the_files_of_the_instance) { run(files_case(runtime())); }

async::Task<> refused_case(Runtime& runtime) {
  const std::string script = "#!/bin/sh\necho OK\n";
  co_await expect_error(discard(runtime.check(other, {}, script)), ErrorKind::not_found);
  co_await runtime.create(id, small_spec());
  co_await expect_error(discard(runtime.check(id, {.machines = {{"db", other.text()}}}, script)), ErrorKind::not_found);
  co_await expect_error(discard(runtime.check(id, {}, std::string(wire::longest_check + 1, '#'))),
                        ErrorKind::invalid_argument);
  co_await expect_error(discard(runtime.check(id, {.seconds = 0}, script)), ErrorKind::invalid_argument);
  co_await runtime.stop(id);
  co_await expect_error(discard(runtime.check(id, {}, script)), ErrorKind::conflict);
  co_await expect_error(discard(runtime.check(id, {.inside = true}, script)), ErrorKind::conflict);
}
TEST_P(RuntimeContract, what_does_not_run_is_not_checked) { run(refused_case(runtime())); }

async::Task<> many_case(Runtime& runtime) {
  co_await runtime.create(id, small_spec());
  co_await runtime.create(other, small_spec());
  const auto check = [](Runtime& held, InstanceId checked) -> async::Task<> {
    for (int turn = 0; turn < 5; ++turn) {
      const auto report = co_await held.check(checked, {}, "#!/bin/sh\necho OK\n");
      EXPECT_EQ(report.output, "OK\n") << report.errors;
    }
  };
  co_await async::both(check(runtime, id), check(runtime, other));
}
TEST_P(RuntimeContract, instances_are_checked_at_the_same_time) { run(many_case(runtime())); }

}  // namespace
}  // namespace berth::runtimes::contract
