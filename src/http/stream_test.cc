// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <string>

namespace berth::http {
namespace {

constexpr std::size_t most_buffered = 100'000;

class StreamTest : public ::testing::Test {
 protected:
  StreamTest() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    peer_ = Descriptor(pair[0]);
    stream_.emplace(loop_.get_executor(), Descriptor(pair[1]), most_buffered);
  }

  void start(async::Task<> task) {
    boost::asio::co_spawn(loop_, std::move(task), [this](std::exception_ptr fault) {
      ended_ = true;
      fault_ = fault;
    });
  }

  // Sends as much as the stream and the kernel take.
  void flood() {
    const std::string bytes(50'000, 'x');
    while (!stream_->full() || ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      (void)::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      loop_.poll();
    }
  }

  boost::asio::io_context loop_;
  Descriptor peer_;
  std::optional<Stream> stream_;
  bool ended_ = false;
  std::exception_ptr fault_;
};

TEST_F(StreamTest, notices_the_end_of_a_peer_that_has_filled_its_buffer) {
  start(stream_->closed_by_peer());
  flood();
  EXPECT_EQ(stream_->buffered().size(), most_buffered);
  EXPECT_FALSE(ended_);
  peer_.reset();
  loop_.run();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(fault_, nullptr);
}

async::Task<> fill_once(Stream& stream) { co_await stream.fill(Milliseconds{10'000}); }

TEST_F(StreamTest, takes_no_more_than_its_buffer_holds) {
  start(stream_->closed_by_peer());
  flood();
  start(fill_once(*stream_));
  loop_.poll();
  ASSERT_NE(fault_, nullptr);
  EXPECT_THROW(std::rethrow_exception(fault_), Error);
}

}  // namespace
}  // namespace berth::http
