// SPDX-License-Identifier: Apache-2.0
#include "async/accept.h"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "async/time_limit.h"

namespace berth::async {
namespace {

namespace asio = boost::asio;

constexpr Milliseconds accept_again{50};

}  // namespace

Task<> accept_all(asio::ip::tcp::acceptor& acceptor, Welcome welcome, Complain complain) {
  for (bool told = false;;) {
    boost::system::error_code fault;
    asio::ip::tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, fault));
    if (fault == asio::error::operation_aborted) {
      throw boost::system::system_error(fault);
    }
    if (!fault) {
      told = false;
      welcome(std::move(socket));
    } else if (fault != asio::error::connection_aborted) {
      if (!std::exchange(told, true)) {
        complain("cannot accept connections: " + fault.message());
      }
      co_await pause_for(accept_again);  // descriptors are short: some have to be closed first
    }
  }
}

}  // namespace berth::async
