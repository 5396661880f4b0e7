// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_network.h"

#include <fcntl.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "base/error.h"

namespace berth::runtimes::fake {
namespace {

namespace asio = boost::asio;

// Owned by its own pending operation: it is gone when the connection or the event loop ends.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  Echo(const async::Executor& executor, Descriptor connection)
      : socket_(executor, asio::ip::tcp::v4(), connection.release()) {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](boost::system::error_code fault, std::size_t length) {
                              if (!fault) {
                                self->write(length);
                              }
                            });
  }

 private:
  void write(std::size_t length) {
    asio::async_write(socket_, asio::buffer(buffer_, length),
                      [self = shared_from_this()](boost::system::error_code fault, std::size_t) {
                        if (!fault) {
                          self->read();
                        }
                      });
  }

  asio::ip::tcp::socket socket_;
  std::array<char, 16384> buffer_{};
};

}  // namespace

std::pair<Descriptor, Descriptor> tcp_pair() {
  asio::io_context loop;
  asio::ip::tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  asio::ip::tcp::socket near(loop);
  near.connect(acceptor.local_endpoint());
  asio::ip::tcp::socket far = acceptor.accept();
  return {Descriptor(near.release()), Descriptor(far.release())};
}

void echo(const async::Executor& executor, Descriptor connection) {
  std::make_shared<Echo>(executor, std::move(connection))->read();
}

Descriptor pipe_with(const async::Executor& executor, std::string bytes) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::unavailable, "no pipe could be made");
  }
  // Both shared with the pending write, and gone with it.
  auto writer = std::make_shared<asio::posix::stream_descriptor>(executor, ends[1]);
  auto content = std::make_shared<std::string>(std::move(bytes));
  asio::async_write(*writer, asio::buffer(*content), [writer, content](boost::system::error_code, std::size_t) {});
  return Descriptor(ends[0]);
}

}  // namespace berth::runtimes::fake
