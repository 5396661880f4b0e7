// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/described.h"
#include "base/error.h"
#include "core/store.h"
#include "stores/contract/place.h"
#include "stores/contract/samples.h"

namespace berth::stores::contract {

using core::Transaction;

// A place with one store open in it, and an event loop to call it from.
class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  using Work = std::function<void(Transaction&)>;

  void SetUp() override {
    place = GetParam().make_place();
    store = place->open(loop.get_executor());
  }

  void reopen() {
    store.reset();
    store = place->open(loop.get_executor());
  }

  // Begins a transaction; its end comes with run().
  void begin(core::Store& in, Work work, std::function<void(std::exception_ptr, bool)> then) {
    boost::asio::co_spawn(loop, in.transact(std::move(work)), std::move(then));
  }

  // Runs the loop until all transactions have ended.
  void run() {
    loop.restart();
    loop.run();
  }

  // One transaction to its end; passes its exception on.
  bool transact(core::Store& in, Work work) {
    std::exception_ptr fault;
    bool appended = false;
    bool ended = false;
    begin(in, std::move(work), [&](std::exception_ptr thrown, bool result) {
      fault = thrown;
      appended = result;
      ended = true;
    });
    run();
    EXPECT_TRUE(ended);
    if (fault) {
      std::rethrow_exception(fault);
    }
    return appended;
  }
  bool transact(Work work) { return transact(*store, std::move(work)); }

  // The result of `verbs`, a function of Transaction&, in a transaction of its own.
  template <class Verbs>
  auto get(Verbs verbs) {
    std::optional<decltype(verbs(std::declval<Transaction&>()))> result;
    transact([&](Transaction& transaction) { result = verbs(transaction); });
    return *std::move(result);
  }

  // What kind of Error the transaction ends with.
  std::optional<ErrorKind> failure_of(core::Store& in, Work work) {
    try {
      transact(in, std::move(work));
    } catch (const Error& error) {
      message = error.what();
      return error.kind();
    }
    return std::nullopt;
  }
  std::optional<ErrorKind> failure_of(Work work) { return failure_of(*store, std::move(work)); }

  boost::asio::io_context loop;
  std::unique_ptr<Place> place;
  std::unique_ptr<core::Store> store;
  std::string message;  // of the last failure_of
};

inline std::string name_of_kind(const testing::TestParamInfo<Kind>& info) { return info.param.name; }

// The ids (or names) of `rows`, in their order.
template <class Rows>
std::vector<std::string> ids_of(const Rows& rows) {
  std::vector<std::string> ids;
  for (const auto& row : rows) {
    if constexpr (requires { row.id; }) {
      ids.push_back(row.id.text());
    } else if constexpr (requires { row.name.text(); }) {
      ids.push_back(row.name.text());
    } else {
      ids.push_back(row.detail);
    }
  }
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace berth::stores::contract
