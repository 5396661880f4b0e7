// SPDX-License-Identifier: Apache-2.0
#include "stores/memory/memory_store.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "stores/memory/transaction.h"

namespace berth::stores::memory {
namespace {

class MemoryStore final : public core::Store {
 public:
  async::Task<bool> transact(std::function<void(core::Transaction&)> work) override {
    // As with a real writer, others run between the call and its end.
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    MemoryTransaction transaction(tables_);
    work(transaction);
    co_return transaction.finish();
  }

 private:
  Tables tables_;
};

}  // namespace

std::unique_ptr<core::Store> open() { return std::make_unique<MemoryStore>(); }

}  // namespace berth::stores::memory
