// SPDX-License-Identifier: Apache-2.0
// berth_store_storm URL: many tasks add accounts and events without end; prints each account that was acknowledged.

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <string>

#include "stores/sql/sql_store.h"

namespace {

using namespace berth;

async::Task<> write_on(core::Store& store, int task) {
  for (int round = 0;; ++round) {
    const std::string id = "t" + std::to_string(task) + "-" + std::to_string(round);
    co_await store.transact([&id](core::Transaction& transaction) {
      transaction.append_event({.account = AccountId(id), .detail = "first half of " + id});
      transaction.put_account({.id = AccountId(id)});
      transaction.append_event({.account = AccountId(id), .detail = "second half of " + id});
    });
    const std::string line = id + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      co_return;
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: berth_store_storm URL\n", stderr);
    return 2;
  }
  boost::asio::io_context loop;
  const auto store = stores::sql::open({.url = arguments[1]}, loop.get_executor());
  for (int task = 0; task < 16; ++task) {
    boost::asio::co_spawn(loop, write_on(*store, task), boost::asio::detached);
  }
  loop.run();
}
