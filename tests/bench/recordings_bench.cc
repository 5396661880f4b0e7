// SPDX-License-Identifier: Apache-2.0
// How long a search takes among 10,000 recordings, each with 400 words: a hundred of the common ones and the rest of
// fifty thousand. SQLite's file is in $TMPDIR, or /tmp. With BERTH_BENCH_POSTGRESQL=postgresql://… (an empty database)
// also there.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "stores/sql/sql_store.h"

namespace berth {
namespace {

constexpr int recordings = 10'000;
constexpr int in_one_transaction = 200;
constexpr int rounds = 25;

std::string word(int number) { return "w" + std::to_string(number * 7919 % 1'000'003); }

std::vector<std::string> words_of_one(std::mt19937& random) {
  std::set<std::string> words;
  while (words.size() < 100) {
    words.insert(word(static_cast<int>(random() % 300)));
  }
  while (words.size() < 400) {
    words.insert(word(static_cast<int>(random() % 50'000)));
  }
  return {words.begin(), words.end()};
}

async::Task<> fill(core::Store& store) {
  std::mt19937 random(1);
  co_await store.transact([](core::Transaction& transaction) { transaction.put_account({.id = AccountId("a")}); });
  for (int first = 0; first < recordings; first += in_one_transaction) {
    co_await store.transact([&](core::Transaction& transaction) {
      for (int number = first; number < first + in_one_transaction; ++number) {
        const core::Recording recording{.id = RecordingId("r" + std::to_string(number)),
                                        .account = AccountId("a"),
                                        .instance = InstanceId("i"),
                                        .title = "machine: shell",
                                        .began_at = TimePoint{Milliseconds{number}},
                                        .ended_at = TimePoint{Milliseconds{number + 1}},
                                        .share_hash = {}};
        transaction.put_recording(recording);
        transaction.set_recording_words(recording.id, words_of_one(random));
      }
    });
  }
}

async::Task<> search(core::Store& store, const char* what, std::vector<std::string> words, double& worst) {
  std::vector<double> times;
  std::size_t found = 0;
  const core::RecordingFilter filter{.account = AccountId("a"), .words = words, .limit = 51};
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    co_await store.transact(
        [&](core::Transaction& transaction) { found = transaction.list_recordings(filter).size(); });
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(times);
  worst = std::max(worst, times.back());
  std::printf("  %-44s %7.2f ms, worst %7.2f ms, %zu on the page\n", what, times[times.size() / 2], times.back(),
              found);
}

async::Task<> measure(core::Store& store) {
  const auto begin = std::chrono::steady_clock::now();
  co_await fill(store);
  const double each = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  std::printf("  %-44s %7.2f ms each\n", "stored with their words", each / recordings);
  double worst = 0;
  co_await search(store, "a rare word", {word(40'000)}, worst);
  co_await search(store, "a word of a third of them", {word(7)}, worst);
  co_await search(store, "three common words", {word(7), word(8), word(9)}, worst);
  co_await search(store, "a common and a rare word", {word(7), word(40'000)}, worst);
  co_await search(store, "the beginning of hundreds of words", {"w12"}, worst);
  co_await search(store, "two letters, of a ninth of all words", {"w1"}, worst);
  co_await search(store, "nothing that is there", {"nowhere"}, worst);
  std::printf("  %-44s %7.2f ms, promised <= 200 ms: %s\n", "the worst", worst, worst <= 200 ? "holds" : "FAILS");
}

void run(const std::string& url) {
  boost::asio::io_context loop;
  const auto store = stores::sql::open({.url = url}, loop.get_executor());
  std::exception_ptr fault;
  boost::asio::co_spawn(loop, measure(*store), [&](std::exception_ptr ended) { fault = ended; });
  loop.run();
  if (fault) {
    std::rethrow_exception(fault);
  }
}

}  // namespace
}  // namespace berth

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "berth-recordings-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  std::printf("SQLite, %d recordings\n", berth::recordings);
  berth::run(berth::stores::sql::sqlite_url(folder + "/berth.sqlite"));
  std::filesystem::remove_all(folder);
  if (const char* url = std::getenv("BERTH_BENCH_POSTGRESQL")) {
    std::printf("PostgreSQL, %d recordings\n", berth::recordings);
    berth::run(url);
  }
}
