// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <sys/socket.h>

#include <string>

#include "sockets.h"

namespace berth::bench {
namespace {

constexpr std::size_t large = 1 << 20;

void echo(const Descriptor& socket) {
  char byte = 0;
  while (::recv(socket.get(), &byte, 1, 0) == 1 && ::send(socket.get(), &byte, 1, MSG_NOSIGNAL) == 1) {
  }
}

}  // namespace

Inside::Inside(Descriptor listener) : listener_(std::move(listener)), acceptor_([this] { accept_all(); }) {}

Inside::~Inside() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (const Descriptor& connection : connections_) {
    ::shutdown(connection.get(), SHUT_RDWR);
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

std::uint16_t Inside::port() const { return port_of(listener_); }

void Inside::accept_all() {
  while (true) {
    Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) {
      return;
    }
    char use = 0;
    if (::recv(socket.get(), &use, 1, 0) != 1) {
      continue;
    }
    send_byte(socket);
    if (use == static_cast<char>(Use::idle)) {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(socket));
      continue;
    }
    const Descriptor& kept = connections_.emplace_back(std::move(socket));
    if (use == static_cast<char>(Use::bulk)) {
      threads_.emplace_back([this, &kept] { swallow(kept); });
    } else {
      threads_.emplace_back([&kept] { echo(kept); });
    }
  }
}

void Inside::end_idle() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

// The kernel drops the bytes without a copy: it is not this program that is measured.
void Inside::swallow(const Descriptor& socket) {
  std::string place(large, '\0');
  ssize_t count = 0;
  while ((count = ::recv(socket.get(), place.data(), place.size(), MSG_TRUNC)) > 0) {
    arrived_.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
  }
}

Descriptor open(std::uint16_t port, Use use) {
  Descriptor socket = connect_to(port);
  const char byte = static_cast<char>(use);
  if (::send(socket.get(), &byte, 1, MSG_NOSIGNAL) != 1) {
    give_up("send");
  }
  receive_byte(socket);
  return socket;
}

void send_bulk(std::uint16_t port, std::size_t connections, std::chrono::milliseconds time) {
  std::atomic<bool> enough = false;
  std::list<std::thread> threads;
  for (; connections > 0; --connections) {
    threads.emplace_back([&enough, socket = open(port, Use::bulk)] {
      const std::string bytes(large, 'x');
      while (!enough && ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
      }
    });
  }
  std::this_thread::sleep_for(time);
  enough = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
}

std::vector<std::chrono::nanoseconds> ping(const Descriptor& echo, std::size_t rounds) {
  std::vector<std::chrono::nanoseconds> times;
  times.reserve(rounds);
  for (; rounds > 0; --rounds) {
    const auto begin = std::chrono::steady_clock::now();
    send_byte(echo);
    receive_byte(echo);
    times.push_back(std::chrono::steady_clock::now() - begin);
  }
  return times;
}

}  // namespace berth::bench
