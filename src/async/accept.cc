// SPDX-License-Identifier: Apache-2.0
#include "async/accept.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "async/time_limit.h"
#include "base/descriptor.h"

namespace berth::async {
namespace {

namespace asio = boost::asio;

constexpr Milliseconds accept_again{50};
constexpr rlim_t most_spared = 256;

// The least number that is free tells how many are in use. The last ones are for what those who are here already need:
// the database's files, their instances, an administrator.
bool descriptors_left(int any) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const Descriptor next(::fcntl(any, F_DUPFD_CLOEXEC, 0));
  return next && static_cast<rlim_t>(next.get()) < limit.rlim_cur - std::min(most_spared, limit.rlim_cur / 8);
}

}  // namespace

Task<> accept_all(asio::ip::tcp::acceptor& acceptor, Welcome welcome, Complain complain) {
  for (bool told = false;;) {
    boost::system::error_code fault = asio::error::no_descriptors;
    if (descriptors_left(acceptor.native_handle())) {
      asio::ip::tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, fault));
      if (!fault) {
        told = false;
        welcome(std::move(socket));
      }
    }
    if (fault == asio::error::operation_aborted) {
      throw boost::system::system_error(fault);
    }
    if (fault && fault != asio::error::connection_aborted) {
      if (!std::exchange(told, true)) {
        const bool few = fault == asio::error::no_descriptors;
        complain("cannot accept connections: " + fault.message() + (few ? "; they wait (raise LimitNOFILE)" : ""));
      }
      co_await pause_for(accept_again);  // some have to be closed first
    }
  }
}

}  // namespace berth::async
