// SPDX-License-Identifier: Apache-2.0
// The time of a lease from a warm pool, from the call of the use case to the instance running in the store: on the real
// store (SQLite, synchronous) and a runtime in memory, because a lease asks nothing of the runtime.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/accounts.h"
#include "core/images.h"
#include "core/instances.h"
#include "runtimes/fake/fake_images.h"
#include "runtimes/fake/fake_runtime.h"
#include "stores/sql/sql_store.h"

namespace berth {
namespace {

constexpr std::size_t leases_measured = 2000;

class Bench {
 public:
  explicit Bench(const std::string& folder)
      : store_(stores::sql::open({.url = stores::sql::sqlite_url(folder + "/bench.sqlite"), .password_file = {}},
                                 loop_.get_executor())) {
    plans_.front().most_per_account = 1'000'000;
  }

  void run() {
    std::exception_ptr fault;
    boost::asio::co_spawn(loop_, measure(), [&](std::exception_ptr ended) { fault = ended; });
    loop_.run();
    if (fault) {
      std::rethrow_exception(fault);
    }
  }

 private:
  async::Task<> measure() {
    co_await images_.prepare_built_in({"busybox"});
    co_await reconciler_.compare();
    const core::LoginLink link = co_await accounts_.administrator_link();
    const core::SignedIn signed_in = co_await accounts_.login(link.code, core::TokenKind::api_token);
    const core::Caller caller = co_await accounts_.authenticate(signed_in.issued.secret);
    pools_.add({.image = ImageName("busybox"),
                .plan = plans_.front(),
                .launch = {},
                .least = leases_measured,
                .most = leases_measured});
    tasks_.spawn(pools_.run());
    while (pools_.statuses().front().ready < leases_measured) {
      co_await async::pause_for(Milliseconds{10});
    }
    slots_.set_waiting(true);  // no refill now: on a runtime in memory it is work of this very thread
    std::vector<double> times;
    for (std::size_t count = 0; count < leases_measured; ++count) {
      const auto begin = std::chrono::steady_clock::now();
      const core::ShownInstance leased = co_await instances_.create(caller, {.image = ImageName("busybox")});
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
      if (leased.instance.state != core::InstanceState::running) {
        throw Error(ErrorKind::internal, "a lease was not served from the pool");
      }
    }
    std::ranges::sort(times);
    const double median = times[times.size() / 2];
    const double p99 = times[times.size() * 99 / 100];
    std::printf("%-58s %28s   promise %-10s %s\n", "lease from a warm pool, median (p99)",
                (std::to_string(median).substr(0, 5) + " ms (" + std::to_string(p99).substr(0, 5) + " ms)").c_str(),
                "<= 1 (5)", median <= 1 && p99 <= 5 ? "held" : "NOT HELD");
    co_await tasks_.stop(Seconds{10});
  }

  boost::asio::io_context loop_{1};
  SystemClock clock_;
  std::vector<core::Plan> plans_ = core::default_plans();
  std::unique_ptr<core::Store> store_;
  async::TaskGroup tasks_{loop_.get_executor()};
  runtimes::fake::FakeImages library_{loop_.get_executor()};
  runtimes::fake::FakeRuntime runtime_{loop_.get_executor(), library_, 10'000};
  core::Journal journal_{*store_, loop_.get_executor()};
  core::AgentLinks links_{runtime_, tasks_};
  core::StartSlots slots_{loop_.get_executor(), 4};
  core::Pools pools_{{.runtime = runtime_,
                      .links = links_,
                      .slots = slots_,
                      .clock = clock_,
                      .tasks = tasks_,
                      .log = [](const std::string&) {},
                      .short_of_memory = [] { return false; }}};
  core::Reconciler reconciler_{{.runtime = runtime_,
                                .journal = journal_,
                                .links = links_,
                                .pools = pools_,
                                .slots = slots_,
                                .clock = clock_,
                                .limits = {.most_active = 10'000},
                                .tasks = tasks_,
                                .log = [](const std::string&) {}}};
  core::Leases leases_{journal_, reconciler_, clock_};
  core::Accounts accounts_{journal_, clock_, plans_};
  core::Instances instances_{journal_, reconciler_, leases_, runtime_, clock_, plans_};
  core::Images images_{journal_, library_, pools_, clock_, tasks_};
};

}  // namespace
}  // namespace berth

int main() {
  const std::string folder = std::filesystem::temp_directory_path() / ("berth-lease-bench-" + berth::random_name(8));
  std::filesystem::create_directory(folder);
  int status = 0;
  try {
    berth::Bench(folder).run();
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "%s\n", fault.what());
    status = 1;
  }
  std::filesystem::remove_all(folder);
  return status;
}
