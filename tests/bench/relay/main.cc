// SPDX-License-Identifier: Apache-2.0
// Measures the relay's promises (SPECIFICATION.md) against haproxy in TCP mode, in the same run, all on loopback: bulk
// bytes per CPU second, what a relay adds to a round trip, memory of idle connections.
//   berth_relay_bench [IDLE_CONNECTIONS]
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "load.h"
#include "programs.h"
#include "sockets.h"

namespace berth::bench {
namespace {

constexpr int bulk_rounds = 5;
constexpr std::size_t bulk_connections = 4;
constexpr std::chrono::milliseconds bulk_time{1500};
constexpr int ping_rounds = 40;
constexpr std::size_t pings = 250;

struct Opponent {
  const char* name;
  std::unique_ptr<Program> program;
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

std::string text(const char* format, auto... values) {
  char line[128];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

void report(const std::string& name, const std::string& value, const char* promise, bool holds) {
  std::printf("%-58s %28s   promise %-10s %s\n", name.c_str(), value.c_str(), promise, holds ? "held" : "NOT HELD");
  std::fflush(stdout);
}

// Gbit for each second of processor time, and for each second.
struct Speed {
  double per_processor_second;
  double per_second;
};

Speed bulk_once(const Inside& inside, const Program& program) {
  const std::uint64_t bytes = inside.arrived();
  const auto processor = program.processor_time();
  const auto begin = std::chrono::steady_clock::now();
  send_bulk(program.port(), bulk_connections, bulk_time);
  const double gigabits = static_cast<double>(inside.arrived() - bytes) * 8 / 1e9;
  const std::chrono::duration<double> used = program.processor_time() - processor;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
  return {.per_processor_second = gigabits / used.count(), .per_second = gigabits / passed.count()};
}

void bulk(const Inside& inside, const std::vector<Opponent>& all) {
  std::vector<std::vector<double>> per_processor_second(all.size());
  std::vector<std::vector<double>> per_second(all.size());
  for (int round = 0; round < bulk_rounds; ++round) {
    for (std::size_t index = 0; index < all.size(); ++index) {
      const Speed speed = bulk_once(inside, *all[index].program);
      per_processor_second[index].push_back(speed.per_processor_second);
      per_second[index].push_back(speed.per_second);
    }
  }
  const double ours = median(per_processor_second[0]);
  report("relay, bulk", text("%.1f Gbit/s", median(per_second[0])), "-", true);
  for (std::size_t index = 1; index < all.size(); ++index) {
    const double theirs = median(per_processor_second[index]);
    report(text("relay, Gbit per CPU second / %s's", all[index].name),
           text("%.2f (%.1f / %.1f)", ours / theirs, ours, theirs), index == 1 ? ">= 1.5" : "-",
           index != 1 || ours / theirs >= 1.5);
    report(text("%s, bulk", all[index].name), text("%.1f Gbit/s", median(per_second[index])), "-", true);
  }
}

// Medians in microseconds: straight to the inside, then through each program.
std::vector<double> round_trips(const Inside& inside, const std::vector<Opponent>& all) {
  std::vector<Descriptor> ways;
  ways.push_back(open(inside.port(), Use::echo));
  for (const Opponent& each : all) {
    ways.push_back(open(each.program->port(), Use::echo));
  }
  std::vector<std::vector<double>> microseconds(ways.size());
  for (int round = 0; round < ping_rounds; ++round) {
    for (std::size_t index = 0; index < ways.size(); ++index) {
      for (const auto time : ping(ways[index], pings)) {
        microseconds[index].push_back(static_cast<double>(time.count()) / 1000);
      }
    }
  }
  std::vector<double> medians;
  std::ranges::transform(microseconds, std::back_inserter(medians), median);
  return medians;
}

// On one core: with more, where the scheduler happens to put the threads makes a larger difference than any program.
void round_trip(const Inside& inside, const std::vector<Opponent>& all) {
  const std::vector<double> free = round_trips(inside, all);
  keep_to_one_core(true);
  std::ranges::for_each(all, [](const Opponent& each) { each.program->keep_to_one_core(true); });
  const std::vector<double> times = round_trips(inside, all);
  keep_to_one_core(false);
  std::ranges::for_each(all, [](const Opponent& each) { each.program->keep_to_one_core(false); });
  const double ours = times[1] - times[0];
  report("relay, added to a round trip on one core", text("%.1f us (direct %.1f us)", ours, times[0]), "-", true);
  report("round trip on all cores, direct / relay", text("%.1f / %.1f us", free[0], free[1]), "-", true);
  for (std::size_t index = 1; index < all.size(); ++index) {
    const double theirs = times[index + 1] - times[0];
    report(text("relay, added round trip on one core / %s's", all[index].name),
           text("%.2f (%.1f / %.1f us)", ours / theirs, ours, theirs), index == 1 ? "<= 1.2" : "-",
           index != 1 || ours / theirs <= 1.2);
    report(text("%s, round trip on all cores", all[index].name), text("%.1f us", free[index + 1]), "-", true);
  }
}

double idle_once(Inside& inside, const Program& program, std::size_t count) {
  const std::uint64_t before = program.resident_bytes();
  std::vector<Descriptor> connections;
  while (connections.size() < count) {
    connections.push_back(open(program.port(), Use::idle));
  }
  const std::uint64_t after = program.resident_bytes();
  inside.end_idle();
  return static_cast<double>(after - before);
}

void idle(Inside& inside, const std::vector<Opponent>& all, std::size_t count) {
  const double ours = idle_once(inside, *all[0].program, count);
  const double limit = 100e6 * static_cast<double>(count) / 10000;
  report(text("relay, memory of %zu idle connections", count),
         text("%.1f MB (%.2f kB each)", ours / 1e6, ours / 1e3 / static_cast<double>(count)),
         text("<= %.0f MB", limit / 1e6).c_str(), ours <= limit);
  if (all.size() > 1) {
    const double theirs = idle_once(inside, *all[1].program, count);
    report(text("%s, memory of %zu idle connections", all[1].name, count),
           text("%.1f MB (%.2f kB each)", theirs / 1e6, theirs / 1e3 / static_cast<double>(count)), "-", true);
  }
}

// As far as it goes. How many files may then be open.
std::size_t raise_limit_of_open_files() {
  rlimit limit{.rlim_cur = 200000, .rlim_max = 200000};
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

void measure(std::size_t idle_connections) {
  const std::size_t files = raise_limit_of_open_files();
  // The programs are forks of this one: they start before it has threads, and find their way in by this port.
  Descriptor listener = listen_on_loopback();
  const std::uint16_t port = port_of(listener);
  std::vector<Opponent> all;
  all.push_back({"relay", Program::relay(port)});
  for (const auto& [name, option] :
       {std::pair{"haproxy", ""}, std::pair{"haproxy splice-auto", "option splice-auto"}}) {
    if (auto program = Program::haproxy(port, option)) {
      all.push_back({name, std::move(program)});
    }
  }
  if (all.size() == 1) {
    std::puts("haproxy is not installed (sudo tools/packages install bench): nothing to compare the relay with");
  }
  Inside inside(std::move(listener));
  round_trip(inside, all);
  bulk(inside, all);
  idle(inside, all, std::min(idle_connections, files / 2 - 100));
}

}  // namespace
}  // namespace berth::bench

int main(int count, char** words) {
  berth::bench::measure(count > 1 ? std::stoul(words[1]) : 10000);
  return 0;
}
