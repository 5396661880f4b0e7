// SPDX-License-Identifier: Apache-2.0
#include "doors/rest/pipe_reader.h"

#include <fcntl.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace berth::doors::rest {

PipeReader::PipeReader(Descriptor pipe) : pipe_(std::move(pipe)) {
  ::fcntl(pipe_.get(), F_SETFL, ::fcntl(pipe_.get(), F_GETFL) | O_NONBLOCK);
}

async::Task<std::optional<std::string>> PipeReader::read() {
  std::string piece(64U << 10, '\0');
  for (;;) {
    const ssize_t got = ::read(pipe_.get(), piece.data(), piece.size());
    if (got == 0) {
      co_return std::nullopt;
    }
    if (got > 0) {
      piece.resize(static_cast<std::size_t>(got));
      co_return piece;
    }
    if (errno != EAGAIN && errno != EINTR) {
      throw Error(ErrorKind::unavailable, std::string("the export broke off: ") + std::strerror(errno));
    }
    boost::asio::posix::stream_descriptor waiting(co_await boost::asio::this_coro::executor, ::dup(pipe_.get()));
    co_await waiting.async_wait(boost::asio::posix::stream_descriptor::wait_read, boost::asio::use_awaitable);
  }
}

}  // namespace berth::doors::rest
