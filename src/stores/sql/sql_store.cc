// SPDX-License-Identifier: Apache-2.0
#include "stores/sql/sql_store.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <utility>

#include "stores/sql/location.h"
#include "stores/sql/writer.h"

namespace berth::stores::sql {
namespace {

// What is to be done with the outcome: resume the coroutine behind `handler` on its own executor, which has work to
// wait for until then.
template <class Handler>
std::move_only_function<void(std::exception_ptr, bool)> resumption(Handler handler) {
  namespace asio = boost::asio;
  auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
  return [handler = std::move(handler), executor](std::exception_ptr fault, bool appended) mutable {
    asio::post(executor, [handler = std::move(handler), fault = std::move(fault), appended]() mutable {
      std::move(handler)(std::move(fault), appended);
    });
  };
}

class SqlStore final : public core::Store {
 public:
  SqlStore(const Location& location, const async::Executor& executor) : writer_(location, executor) {}

  async::Task<bool> transact(std::function<void(core::Transaction&)> work) override {
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                   void(std::exception_ptr, bool)>(
        [this, &work](auto handler) {
          writer_.submit({.work = std::move(work), .resume = resumption(std::move(handler))});
        },
        boost::asio::use_awaitable);
  }

 private:
  Writer writer_;
};

}  // namespace

std::unique_ptr<core::Store> open(const Settings& settings, const async::Executor& executor) {
  return std::make_unique<SqlStore>(locate(settings), executor);
}

}  // namespace berth::stores::sql
