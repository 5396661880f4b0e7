// SPDX-License-Identifier: Apache-2.0
#include "cli/endpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::cli {
namespace {

TEST(Endpoint, the_port_comes_from_the_scheme_unless_it_is_written) {
  EXPECT_EQ(parse_endpoint("http://berth.example.org").port, "80");
  EXPECT_EQ(parse_endpoint("https://berth.example.org").port, "443");
  EXPECT_EQ(parse_endpoint("https://berth.example.org:8443/deep/").url(), "https://berth.example.org:8443/deep");
  EXPECT_EQ(parse_endpoint("http://[::1]:8080").authority(), "[::1]:8080");
  EXPECT_EQ(parse_endpoint("http://a"), parse_endpoint("http://a:80/"));
}

TEST(Endpoint, what_is_no_server_is_refused) {
  for (const auto* wrong : {"", "berth", "ftp://a", "http://", "http://a b", "http://user:secret@a", "http://a/#code=x",
                            "http://a?b=c", "file:///etc/passwd"}) {
    EXPECT_THROW(parse_endpoint(wrong), Error) << wrong;
  }
}

TEST(LoginLink, a_link_a_code_and_a_server_are_told_apart) {
  const auto link = parse_login_link("https://berth.example.org/login#code=abc-1");
  EXPECT_EQ(link.url, "https://berth.example.org");
  EXPECT_EQ(link.code, "abc-1");
  EXPECT_EQ(parse_login_link("abc-1").code, "abc-1");
  EXPECT_EQ(parse_login_link("abc-1").url, "");
  EXPECT_EQ(parse_login_link("http://a:81").url, "http://a:81");
  EXPECT_EQ(parse_login_link("http://a:81").code, "");
  for (const auto* wrong : {"", "two words", "a/b", "http://a/#code=", "http://a/#other=1"}) {
    EXPECT_THROW(parse_login_link(wrong), Error) << wrong;
  }
}

TEST(Encoding, nothing_in_a_component_means_anything_in_a_url) {
  EXPECT_EQ(encode_component("/root/ä b?&#%"), "%2Froot%2F%C3%A4%20b%3F%26%23%25");
  EXPECT_EQ(encode_component("a-b_c.d~9"), "a-b_c.d~9");
}

}  // namespace
}  // namespace berth::cli
