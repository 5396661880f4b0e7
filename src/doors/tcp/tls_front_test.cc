// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/tls_front.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "doors/tcp/test_certificates.h"

namespace berth::doors::tcp {
namespace {

constexpr std::chrono::seconds deadline{20};

void give_up_after_a_while(int socket) {
  const timeval limit{.tv_sec = deadline.count(), .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Descriptor connect_to(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  give_up_after_a_while(socket.get());
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

// A client that blocks.
class TlsClient {
 public:
  // Says `first` in clear, piece by piece, before anything of TLS.
  TlsClient(std::uint16_t port, const char* name, const std::vector<std::string>& first = {})
      : socket_(connect_to(port)) {
    for (const std::string& piece : first) {
      EXPECT_EQ(::send(socket_.get(), piece.data(), piece.size(), MSG_NOSIGNAL), std::ssize(piece));
    }
    ::SSL_set_fd(ssl_.get(), socket_.get());
    ::SSL_set_tlsext_host_name(ssl_.get(), name);
    connected_ = ::SSL_connect(ssl_.get()) == 1;
  }
  ~TlsClient() { ::SSL_CTX_free(context_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  // Whether the certificate it was shown is for the name.
  bool is_shown(const std::string& name) const {
    return ::X509_check_host(::SSL_get0_peer_certificate(ssl_.get()), name.data(), name.size(), 0, nullptr) == 1;
  }
  void write(const std::string& bytes) {
    EXPECT_EQ(::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
  }
  void end() { EXPECT_EQ(::SSL_shutdown(ssl_.get()), 0); }
  // Until the other side said that this was all; nothing, when it broke off.
  std::optional<std::string> read_all() {
    std::string all;
    std::string piece(65536, '\0');
    for (;;) {
      const int count = ::SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
      if (count <= 0) {
        const bool ended = ::SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
        return ended ? std::optional(all) : std::nullopt;
      }
      all.append(piece, 0, static_cast<std::size_t>(count));
    }
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }

 private:
  SSL_CTX* context_ = ::SSL_CTX_new(::TLS_client_method());
  Ssl ssl_{::SSL_new(context_)};
  Descriptor socket_;
  bool connected_ = false;
};

class TlsFrontTest : public ::testing::Test {
 protected:
  explicit TlsFrontTest(bool proxy_protocol = false) {
    front_ = std::make_unique<TlsFront>(
        loop_.get_executor(),
        TlsSettings{.host = "127.0.0.1",
                    .proxy_protocol = proxy_protocol,
                    .certificates = {folder_.files()},
                    .most_handshakes = 4,
                    .most_handshakes_per_address = 2,
                    .look_again = Milliseconds{1}},
        [this](TlsArrival arrival) { arrived_.set_value(std::move(arrival)); },
        [this](const std::string& line) {
          if (line.starts_with("no certificate is for") && !std::exchange(is_forgotten_, true)) {
            forgotten_.set_value();
          }
        });
    front_->add("one.example");
    front_->listen();
    port_ = front_->port();
    front_->start();
  }
  ~TlsFrontTest() override {
    stop();
    work_.reset();
    thread_.join();
  }
  void stop() {
    std::promise<void> stopped;
    boost::asio::post(loop_, [&] {
      front_.reset();
      stopped.set_value();
    });
    stopped.get_future().get();
  }
  TlsArrival arrival() {
    auto future = arrived_.get_future();
    if (future.wait_for(deadline) != std::future_status::ready) {
      throw std::runtime_error("nobody arrived");
    }
    TlsArrival arrival = future.get();
    const int flags = ::fcntl(arrival.connection.get(), F_GETFL);
    ::fcntl(arrival.connection.get(), F_SETFL, flags & ~O_NONBLOCK);
    give_up_after_a_while(arrival.connection.get());
    return arrival;
  }

  CertificateFolder folder_{TestCertificate("one.example")};
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::promise<TlsArrival> arrived_;
  bool is_forgotten_ = false;
  std::promise<void> forgotten_;  // a name that no certificate is for any more
  std::unique_ptr<TlsFront> front_;
  std::uint16_t port_ = 0;
  std::thread thread_{[this] { loop_.run(); }};
};

std::string receive_all(const Descriptor& socket) {
  std::string all;
  std::string piece(65536, '\0');
  for (;;) {
    const ssize_t count = ::recv(socket.get(), piece.data(), piece.size(), 0);
    EXPECT_GE(count, 0);
    if (count <= 0) {
      return all;
    }
    all.append(piece, 0, static_cast<std::size_t>(count));
  }
}

// As much as goes without waiting for long.
std::string send_until_it_is_full(const Descriptor& socket, std::size_t most) {
  std::string sent;
  while (sent.size() < most) {
    const std::string piece(4096, static_cast<char>('a' + sent.size() / 4096 % 26));
    const ssize_t count = ::send(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      sent.append(piece, 0, static_cast<std::size_t>(count));
      continue;
    }
    pollfd room{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&room, 1, 1000) == 0) {
      break;
    }
  }
  return sent;
}

TEST_F(TlsFrontTest, hands_clients_over_by_name_and_carries_bytes_and_both_ends) {
  TlsClient client(port_, "ONE.example");
  ASSERT_TRUE(client.connected());
  const TlsArrival there = arrival();
  EXPECT_EQ(there.name, "one.example");
  EXPECT_EQ(there.address, NetworkAddress::parse("127.0.0.1"));
  client.write("question");
  client.end();
  EXPECT_EQ(receive_all(there.connection), "question");
  ASSERT_EQ(::send(there.connection.get(), "answer", 6, MSG_NOSIGNAL), 6);
  ::shutdown(there.connection.get(), SHUT_WR);
  EXPECT_EQ(client.read_all(), "answer");
}

TEST_F(TlsFrontTest, refuses_unknown_names) {
  EXPECT_FALSE(TlsClient(port_, "two.example").connected());
  EXPECT_FALSE(TlsClient(port_, "a.one.example").connected());
}

TEST_F(TlsFrontTest, holds_few_bytes_for_a_client_that_does_not_read_and_loses_none) {
  TlsClient client(port_, "one.example");
  TlsArrival there = arrival();
  constexpr std::size_t most = 64 << 20;
  const std::string sent = send_until_it_is_full(there.connection, most);
  EXPECT_LT(sent.size(), most);
  there.connection.reset();  // what was sent before still comes
  const auto read = client.read_all();
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == sent);
}

TEST_F(TlsFrontTest, holds_few_bytes_for_a_service_that_does_not_read_and_loses_none) {
  TlsClient client(port_, "one.example");
  const TlsArrival there = arrival();
  const std::string sent(16 << 20, 'x');
  std::jthread writer([&] {
    client.write(sent);
    client.end();
  });
  EXPECT_TRUE(receive_all(there.connection) == sent);
}

TEST_F(TlsFrontTest, ends_both_ways_when_a_client_breaks_off) {
  TlsClient client(port_, "one.example");
  const TlsArrival there = arrival();
  client.write("last words");
  client.reset();
  pollfd end{.fd = there.connection.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&end, 1, 1000 * static_cast<int>(deadline.count())), 1);
  EXPECT_NE(end.revents & POLLHUP, 0);
}

TEST_F(TlsFrontTest, lets_the_oldest_silent_client_go) {
  const Descriptor first = connect_to(port_);
  const Descriptor second = connect_to(port_);
  const Descriptor third = connect_to(port_);
  char byte = 0;
  EXPECT_EQ(::recv(first.get(), &byte, 1, 0), 0);
  EXPECT_TRUE(TlsClient(port_, "one.example").connected());
  EXPECT_EQ(::recv(second.get(), &byte, 1, 0), 0);
  EXPECT_EQ(::recv(third.get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(TlsFrontTest, ends_everything_when_it_stops) {
  const Descriptor silent = connect_to(port_);
  TlsClient client(port_, "one.example");
  const TlsArrival there = arrival();
  stop();
  EXPECT_EQ(receive_all(there.connection), "");
  EXPECT_FALSE(client.read_all());
  EXPECT_EQ(receive_all(silent), "");
}

TEST_F(TlsFrontTest, goes_on_with_the_certificate_of_a_name_that_the_renewed_one_forgot) {
  TlsClient held(port_, "one.example");
  const TlsArrival there = arrival();
  folder_.put(TestCertificate("two.example"));
  ASSERT_EQ(forgotten_.get_future().wait_for(deadline), std::future_status::ready);
  held.write("still here");
  held.end();
  EXPECT_EQ(receive_all(there.connection), "still here");
  arrived_ = {};
  const TlsClient next(port_, "one.example");
  ASSERT_TRUE(next.connected());
  EXPECT_TRUE(next.is_shown("one.example"));
}

class TlsFrontBehindProxyTest : public TlsFrontTest {
 protected:
  TlsFrontBehindProxyTest() : TlsFrontTest(true) {}
};

// Of version 2, from 192.0.2.7.
const std::string binary_header("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\0\x01\0\x02", 28);

TEST_F(TlsFrontBehindProxyTest, takes_the_address_that_the_header_tells) {
  TlsClient client(port_, "one.example", {binary_header.substr(0, 9), binary_header.substr(9)});
  ASSERT_TRUE(client.connected());
  const TlsArrival there = arrival();
  EXPECT_EQ(there.address, NetworkAddress::parse("192.0.2.7"));
  client.write("hello");
  client.end();
  EXPECT_EQ(receive_all(there.connection), "hello");
}

TEST_F(TlsFrontBehindProxyTest, refuses_who_begins_with_TLS) {
  EXPECT_FALSE(TlsClient(port_, "one.example").connected());
}

TEST_F(TlsFrontBehindProxyTest, lets_the_oldest_go_that_owes_a_header_whoever_it_is) {
  const Descriptor partial = connect_to(port_);
  EXPECT_EQ(::send(partial.get(), "PROXY TCP4 ", 11, MSG_NOSIGNAL), 11);
  std::vector<Descriptor> silent;
  for (int count = 0; count < 4; ++count) {
    silent.push_back(connect_to(port_));
  }
  char byte = 0;
  EXPECT_EQ(::recv(partial.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_TRUE(TlsClient(port_, "one.example", {binary_header}).connected());
  EXPECT_EQ(::recv(silent.back().get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(TlsFrontBehindProxyTest, counts_unfinished_handshakes_by_the_address_told) {
  std::vector<Descriptor> silent;
  for (const char* end : {"7", "7", "8", "7"}) {
    silent.push_back(connect_to(port_));
    const std::string header = std::string("PROXY TCP4 192.0.2.") + end + " 127.0.0.1 1 2\r\n";
    EXPECT_EQ(::send(silent.back().get(), header.data(), header.size(), MSG_NOSIGNAL), std::ssize(header));
  }
  pollfd first{.fd = silent[0].get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&first, 1, 1000 * static_cast<int>(deadline.count())), 1);
  pollfd other{.fd = silent[2].get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&other, 1, 0), 0);
}

TEST(CertificateFaults, are_sentences) {
  const CertificateFolder folder(TestCertificate("one.example"));
  const CertificateFiles good = folder.files();
  EXPECT_TRUE(faults_of({good}, {"one.example"}).empty());
  EXPECT_EQ(faults_of({good}, {"one.example", "two.example"}).size(), 1U);
  EXPECT_EQ(
      faults_of({{.certificate = good.certificate, .key = "/nowhere"}, {.certificate = good.key, .key = good.key}},
                {"one.example"})
          .size(),
      2U);
  using std::filesystem::perms;
  std::filesystem::permissions(good.key, perms::owner_read | perms::others_read);
  EXPECT_EQ(faults_of({good}, {"one.example"}).size(), 1U);
}

}  // namespace
}  // namespace berth::doors::tcp
