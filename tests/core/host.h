// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "async/race.h"
#include "async/task_group.h"
#include "async/time_limit.h"
#include "core/accounts.h"
#include "core/events.h"
#include "core/images.h"
#include "core/instances.h"
#include "core/recorder.h"
#include "core/recordings.h"
#include "core/sessions.h"
#include "recordings/files/file_archive.h"
#include "runtimes/fake/fake_images.h"
#include "runtimes/fake/fake_runtime.h"
#include "stores/memory/memory_store.h"

namespace berth::core {

// A folder that goes at the end.
struct TestFolder {
  TestFolder() {
    if (mkdtemp(path.data()) == nullptr) {
      std::abort();
    }
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string path = (std::filesystem::temp_directory_path() / "berth-use-cases-XXXXXX").string();
};

// Everything but doors and database, on a clock that stands still. A test is a coroutine given to run().
class Host : public testing::Test {
 protected:
  explicit Host(HostLimits room = {.most_active = 2, .most_queued = 2}) : limits(room) {
    plans.front().guests = true;
    plans.front().most_per_account = 3;
  }

  // Runs `test` beside the reconciler's first comparison, to its end, which must come soon.
  void run(async::Task<> test) {
    std::exception_ptr fault;
    boost::asio::co_spawn(loop, around(std::move(test)), [&](std::exception_ptr ended) { fault = ended; });
    loop.run();
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  async::Task<> around(async::Task<> test) {
    std::exception_ptr fault;
    try {
      tasks.spawn(watch());
      co_await images.prepare_built_in({"busybox"});
      co_await reconciler.compare();
      admin = co_await caller("admin");
      co_await async::with_limit(std::move(test), Seconds{20}, "the test takes too long");
    } catch (...) {
      fault = std::current_exception();
    }
    EXPECT_TRUE(co_await tasks.stop(Seconds{10}));
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

  async::Task<> watch() {
    co_await runtime.watch([](const InstanceStatus&) {});
  }

  // A signed-in account with all the scopes of its role.
  async::Task<Caller> caller(std::string name) {
    const LoginLink link = name == "admin" ? co_await accounts.administrator_link()
                                           : co_await accounts.create_account(admin, name, Role::member);
    const SignedIn signed_in = co_await accounts.login(link.code, TokenKind::api_token);
    co_return co_await accounts.authenticate(signed_in.issued.secret);
  }

  async::Task<ShownInstance> start(Caller who, NewInstance request = {.image = ImageName("busybox")}) {
    const ShownInstance created = co_await instances.create(who, std::move(request));
    co_await reconciler.settled(created.instance.id, Seconds{10});
    co_return co_await instances.find(who, created.instance.id);
  }

  async::Task<std::vector<std::string>> event_names(Caller who, InstanceId id) {
    std::vector<std::string> names;
    for (const Event& event : co_await events.list(who, {.after = 0, .account = {}, .instance = id, .limit = 100})) {
      names.emplace_back(boost::describe::enum_to_string(event.type, "?"));
    }
    co_return names;
  }

  Reconciler::Surroundings surroundings(AgentLinks& agent_links) {
    return {.runtime = runtime,
            .journal = journal,
            .links = agent_links,
            .pools = pools,
            .slots = slots,
            .clock = clock,
            .limits = limits,
            .tasks = tasks,
            .log = [](const std::string&) {}};
  }

  HostLimits limits;
  boost::asio::io_context loop{1};
  ManualClock clock;
  std::vector<Plan> plans = default_plans();
  std::unique_ptr<Store> store = stores::memory::open();
  async::TaskGroup tasks{loop.get_executor()};
  runtimes::fake::FakeImages library{loop.get_executor()};
  runtimes::fake::FakeRuntime runtime{loop.get_executor(), library};
  Journal journal{*store, loop.get_executor()};
  AgentLinks links{runtime, tasks};
  StartSlots slots{loop.get_executor(), 4};
  bool short_of_memory = false;
  Pools pools{{.runtime = runtime,
               .links = links,
               .slots = slots,
               .clock = clock,
               .tasks = tasks,
               .log = [](const std::string&) {},
               .short_of_memory = [this] { return short_of_memory; }}};
  Reconciler reconciler{surroundings(links)};
  Leases leases{journal, reconciler, clock};
  Accounts accounts{journal, clock, plans};
  Instances instances{journal, reconciler, leases, runtime, clock, plans};
  TestFolder folder;
  recordings::files::FileArchive archive{folder.path};
  Recorder recorder{{.journal = journal,
                     .links = links,
                     .archive = archive,
                     .clock = clock,
                     .tasks = tasks,
                     .limits = {},
                     .log = [](const std::string&) {}}};
  Sessions sessions{journal, instances, links, recorder, clock};
  Recordings recordings{journal, archive, clock};
  Images images{journal, library, pools, clock, tasks};
  Events events{journal};
  Caller admin;
};

// The kind of failure the work ends with, and its words.
struct Failure {
  std::string kind = "none";
  std::string message;
};

inline async::Task<Failure> failure_of(async::Task<> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return Failure{std::string(to_string(error.kind())), error.what()};
  }
  co_return Failure{};
}

template <class T>
async::Task<> without_result(async::Task<T> work) {
  co_await std::move(work);
}

template <class T>
async::Task<std::string> kind_of(async::Task<T> work) {
  if constexpr (std::is_void_v<T>) {
    co_return (co_await failure_of(std::move(work))).kind;
  } else {
    co_return (co_await failure_of(without_result(std::move(work)))).kind;
  }
}

}  // namespace berth::core
