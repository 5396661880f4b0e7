// SPDX-License-Identifier: Apache-2.0
#include "relay/test_ends.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>
#include <tuple>

namespace berth::relay {
namespace {

constexpr std::chrono::seconds deadline{30};

void require(bool holds, const char* what) {
  if (!holds) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  }
}

void give_deadline(const Descriptor& socket) {
  const timeval limit{.tv_sec = deadline.count(), .tv_usec = 0};
  require(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
  require(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0, "SO_SNDTIMEO");
}

}  // namespace

std::pair<Descriptor, Descriptor> connected(Family family) {
  if (family == Family::local) {
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    return {Descriptor(ends[0]), Descriptor(ends[1])};
  }
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  require(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) == 0, "bind");
  require(::listen(listener.get(), 1) == 0, "listen");
  require(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0, "getsockname");
  Descriptor caller(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  require(::connect(caller.get(), reinterpret_cast<sockaddr*>(&address), length) == 0, "connect");
  Descriptor called(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  require(static_cast<bool>(called), "accept");
  return {std::move(caller), std::move(called)};
}

Relayed::~Relayed() {
  if (!on_event_thread) {
    return;
  }
  if (report.valid()) {
    on_event_thread([&] { cancellation.emit(boost::asio::cancellation_type::terminal); });
    report.wait();
  }
  on_event_thread([] {});  // it has let go of the promise
}

Report Relayed::ended() {
  require(report.wait_for(deadline) == std::future_status::ready, "the relay did not end");
  return report.get();
}

RelayTest::~RelayTest() {
  relay.reset();
  work_.reset();
  thread_.join();
}

std::unique_ptr<Relayed> RelayTest::start(Family family, Limits limits, std::string from_client) {
  auto relayed = std::make_unique<Relayed>();
  Ends ends{.from_client = std::move(from_client)};
  std::tie(relayed->client, ends.client) = connected(family);
  std::tie(ends.inside, relayed->inside) = connected(family);
  give_deadline(relayed->client);
  give_deadline(relayed->inside);
  start(*relayed, std::move(ends), limits);
  return relayed;
}

void RelayTest::start(Relayed& relayed, Ends ends, Limits limits) {
  relayed.on_event_thread = [this](std::function<void()> work) { on_event_thread(std::move(work)); };
  on_event_thread([&] {
    boost::asio::co_spawn(loop, relay->run(std::move(ends), limits, relayed.activity),
                          boost::asio::bind_cancellation_slot(relayed.cancellation.slot(),
                                                              [&relayed](std::exception_ptr fault, Report report) {
                                                                if (fault) {
                                                                  relayed.promise.set_exception(fault);
                                                                } else {
                                                                  relayed.promise.set_value(report);
                                                                }
                                                              }));
  });
}

void RelayTest::cancel(Relayed& relayed) {
  on_event_thread([&] { relayed.cancellation.emit(boost::asio::cancellation_type::terminal); });
}

void RelayTest::on_event_thread(std::function<void()> work) {
  std::promise<void> done;
  boost::asio::post(loop, [&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(count, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    require(count > 0, "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void send_in_pieces(const Descriptor& socket, std::string_view bytes, std::size_t largest, unsigned seed) {
  std::mt19937_64 random(seed);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 1 + random() % largest);
    send_all(socket, piece);
    bytes.remove_prefix(piece.size());
  }
}

std::string receive(const Descriptor& socket, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t more = ::recv(socket.get(), bytes.data() + have, count - have, 0);
    require(more >= 0, "recv");
    if (more == 0) {
      break;
    }
    have += static_cast<std::size_t>(more);
  }
  bytes.resize(have);
  return bytes;
}

std::string receive_rest(const Descriptor& socket) {
  std::string bytes;
  for (std::string piece = receive(socket, 65536); !piece.empty(); piece = receive(socket, 65536)) {
    bytes += piece;
  }
  return bytes;
}

int last_word(const Descriptor& socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket.get(), &byte, 1, 0);
  return count < 0 ? errno : static_cast<int>(-count);
}

void close_with_reset(Descriptor& socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  require(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0, "SO_LINGER");
  socket.reset();
}

void half_close(const Descriptor& socket) { require(::shutdown(socket.get(), SHUT_WR) == 0, "shutdown"); }

void expect_answers(const Relayed& relayed, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    send_all(relayed.client, "?");
    ASSERT_EQ(receive(relayed.inside, 1), "?");
    send_all(relayed.inside, "!");
    ASSERT_EQ(receive(relayed.client, 1), "!");
  }
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace berth::relay
