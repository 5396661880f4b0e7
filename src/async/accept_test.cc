// SPDX-License-Identifier: Apache-2.0
#include "async/accept.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "base/descriptor.h"

namespace berth::async {
namespace {

using Protocol = boost::asio::ip::tcp;

class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t count) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = count;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(AcceptAll, LeavesTheLastDescriptorsToTheRestOfTheProgram) {
  constexpr rlim_t all = 240;
  const FewDescriptors few(all);
  boost::asio::io_context loop;
  Protocol::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  std::vector<Protocol::socket> clients;  // there are not enough for their other ends
  while (clients.empty() || clients.back().native_handle() < static_cast<int>(all) / 2 + 8) {
    clients.emplace_back(loop).connect(acceptor.local_endpoint());
  }
  std::vector<Protocol::socket> welcomed;
  std::vector<std::string> complaints;
  boost::asio::co_spawn(loop,
                        accept_all(
                            acceptor, [&](Protocol::socket socket) { welcomed.push_back(std::move(socket)); },
                            [&](const std::string& what) {
                              complaints.push_back(what);
                              loop.stop();
                            }),
                        boost::asio::detached);
  loop.run();
  EXPECT_EQ(complaints.size(), 1U);
  EXPECT_GT(welcomed.size(), 50U);
  std::vector<Descriptor> left;
  for (int next = ::dup(0); next >= 0; next = ::dup(0)) {
    left.emplace_back(next);
  }
  EXPECT_GE(left.size(), all / 8);
}

}  // namespace
}  // namespace berth::async
