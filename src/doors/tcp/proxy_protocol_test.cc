// SPDX-License-Identifier: Apache-2.0
#include "doors/tcp/proxy_protocol.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::doors::tcp {
namespace {

using namespace std::string_literals;

const std::string binary = "\r\n\r\n\0\r\nQUIT\n"s;

TEST(ProxyProtocol, reads_the_address_from_a_line) {
  const auto header = read_proxy_header("PROXY TCP4 192.0.2.1 203.0.113.1 56324 443\r\nGET /");
  EXPECT_EQ(header->address->text(), "192.0.2.1");
  EXPECT_EQ(header->length, 44U);
  EXPECT_EQ(read_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n")->address->text(), "2001:db8::1");
  EXPECT_FALSE(read_proxy_header("PROXY UNKNOWN\r\n")->address);
  EXPECT_FALSE(read_proxy_header("PROXY UNKNOWN whatever it says\r\n")->address);
}

TEST(ProxyProtocol, reads_the_address_from_a_binary_header) {
  const auto header = read_proxy_header(binary + "\x21\x11\0\x0c\xc0\0\2\1\xcb\0\x71\1\xdc\4\1\xbb"s + "rest");
  EXPECT_EQ(header->address->text(), "192.0.2.1");
  EXPECT_EQ(header->length, 28U);
  const std::string source = "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s;
  EXPECT_EQ(read_proxy_header(binary + "\x21\x21\0\x24"s + source + std::string(20, 'x'))->address->text(),
            "2001:db8::1");
  EXPECT_FALSE(read_proxy_header(binary + "\x20\0\0\0"s)->address);     // the proxy's own
  EXPECT_EQ(read_proxy_header(binary + "\x20\0\0\2ab"s)->length, 18U);  // with an extension
  EXPECT_FALSE(read_proxy_header(binary + "\x21\x31\0\0"s)->address);   // a unix socket
}

TEST(ProxyProtocol, waits_while_a_header_is_not_whole) {
  for (const std::string& whole : {"PROXY TCP4 192.0.2.1 203.0.113.1 56324 443\r\n"s,
                                   binary + "\x21\x11\0\x0c\xc0\0\2\1\xcb\0\x71\1\xdc\4\1\xbb"s}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(read_proxy_header(whole.substr(0, length))) << length;
    }
    EXPECT_TRUE(read_proxy_header(whole));
  }
}

TEST(ProxyProtocol, refuses_what_is_no_header) {
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\n"s, "PROXY TCP4 192.0.2.1\r\n"s, "PROXY TCP4 a b c d\r\n"s, "PROXY TCP5 1 2 3 4\r\n"s,
        "PROXY "s + std::string(200, 'x'), binary + "\x11\x11\0\0"s, binary + "\x21\x11\0\4abcd"s,
        binary + "\x2f\0\0\0"s, "\r\n\r\nX"s}) {
    EXPECT_THROW(read_proxy_header(bytes), Error) << bytes;
  }
}

}  // namespace
}  // namespace berth::doors::tcp
