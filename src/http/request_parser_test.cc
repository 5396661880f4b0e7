// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <ostream>
#include <string>

namespace berth::http {
namespace {

struct Parsed {
  Request request;
  std::string body;
  bool complete = false;
  std::string rest;
};

// Hands the parser `text` in pieces of `step` bytes, the way a connection does.
Parsed parse(std::string_view text, std::size_t step) {
  RequestParser parser(16_KiB);
  Parsed parsed;
  std::string input;
  bool has_request = false;
  while (!parsed.complete && !(text.empty() && input.empty())) {
    const std::size_t before = input.size();
    input += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
    if (!has_request) {
      input.erase(0, parser.read_header(input));
      if (!parser.header_complete()) {
        if (text.empty() && input.size() == before) {
          break;
        }
        continue;
      }
      parsed.request = parser.take_request();
      has_request = true;
    }
    std::size_t taken = 0;
    std::string piece;
    do {
      piece.clear();
      taken = parser.read_body(input, piece);
      input.erase(0, taken);
      parsed.body += piece;
    } while (taken > 0 || !piece.empty());
    parsed.complete = parser.complete();
    if (text.empty()) {
      break;
    }
  }
  parsed.rest = input + std::string(text);
  return parsed;
}

int status_of(std::string_view text, std::size_t step = 1 << 20) {
  try {
    const Parsed parsed = parse(text, step);
    return parsed.complete ? 200 : 0;
  } catch (const StatusError& error) {
    return error.status();
  }
}

TEST(RequestParser, reads_a_request_however_it_is_cut_into_pieces) {
  const std::string_view text =
      "\r\nPOST /a/b?x=1&y=%26 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-Two:  words here \r\n\r\n"
      "3;ext=\"a;b\"\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: t\r\n\r\nGET";
  for (std::size_t step = 1; step < text.size(); ++step) {
    const Parsed parsed = parse(text, step);
    ASSERT_TRUE(parsed.complete) << step;
    EXPECT_EQ(parsed.request.method, Method::post);
    EXPECT_EQ(parsed.request.target.path, "/a/b");
    EXPECT_THAT(parsed.request.target.queries,
                ::testing::ElementsAre(::testing::Pair("x", "1"), ::testing::Pair("y", "&")));
    ASSERT_TRUE(parsed.request.header("x-two"));
    EXPECT_EQ(*parsed.request.header("x-two"), "words here");
    EXPECT_FALSE(parsed.request.header("Trailer"));
    EXPECT_EQ(parsed.request.content_length, std::nullopt);
    EXPECT_EQ(parsed.body, "abcd");
    EXPECT_EQ(parsed.rest, "GET");
  }
}

TEST(RequestParser, survives_a_short_chunked_body_cut_anywhere) {
  const std::string_view text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    EXPECT_EQ(status_of(text, step), 200) << step;
  }
}

TEST(RequestParser, does_not_take_bare_line_feeds_for_line_ends) {
  const std::string_view text = "GET / HTTP/1.1\nHost: h\n\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    EXPECT_NE(status_of(text, step), 200) << step;
  }
}

struct Nasty {
  const char* what;
  std::string text;
  int status;  // 0: waits for more
};

std::ostream& operator<<(std::ostream& out, const Nasty& nasty) { return out << nasty.what; }

class NastyRequests : public ::testing::TestWithParam<Nasty> {};

TEST_P(NastyRequests, get_their_status_however_they_are_cut) {
  const Nasty& nasty = GetParam();
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, nasty.text.size()}) {
    EXPECT_EQ(status_of(nasty.text, step), nasty.status) << "in pieces of " << step;
  }
}

std::string with(std::string_view headers, std::string_view body = "") {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string target(std::string_view text) { return "GET " + std::string(text) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

const Nasty nasties[] = {
    {"plain", with(""), 200},
    {"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400},
    {"no version", "GET /\r\n\r\n", 400},
    {"version 0.9", "GET / HTTP/0.9\r\n\r\n", 505},
    {"version 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 200},
    {"two Hosts", with("Host: other\r\n"), 400},
    {"space before the colon", with("Name : x\r\n"), 400},
    {"field without a name", with(": x\r\n"), 400},
    {"NUL in a field", with(std::string("Name: a\0b\r\n", 11)), 400},
    {"bare CR in a field", with("Name: a\rb\r\n"), 400},
    {"length and chunked", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
    {"two lengths", with("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), 400},
    {"the same length twice", with("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), 200},
    {"list of lengths", with("Content-Length: 1, 2\r\n", "ab"), 400},
    {"negative length", with("Content-Length: -1\r\n"), 400},
    {"length with a sign", with("Content-Length: +1\r\n", "a"), 400},
    {"hexadecimal length", with("Content-Length: 0x1\r\n", "a"), 400},
    {"length beyond 64 bits", with("Content-Length: 18446744073709551616\r\n"), 400},
    {"unknown encoding", with("Transfer-Encoding: gzip\r\n"), 501},
    {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
    {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
    {"chunked in two fields", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
    {"identity and chunked", with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501},
    {"not quite chunked", with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501},
    {"chunked for 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunk without a size", with("Transfer-Encoding: chunked\r\n", "\r\nabcdef\r\n"), 400},
    {"chunk with a sign", with("Transfer-Encoding: chunked\r\n", "-1\r\nabcdef\r\n"), 400},
    {"chunk beyond 64 bits", with("Transfer-Encoding: chunked\r\n", "11111111111111111\r\nabc\r\n"), 400},
    {"chunk longer than it says", with("Transfer-Encoding: chunked\r\n", "1\r\nabcdefg\r\n"), 400},
    {"chunk with bare line feed", with("Transfer-Encoding: chunked\r\n", "1\na\n0\n\n\r\n\r\n"), 400},
    {"body that ends early", with("Content-Length: 3\r\n", "ab"), 0},
    {"expects a miracle", with("Expect: miracle\r\n"), 417},
    {"dot dot", target("/a/../b"), 400},
    {"encoded dot dot", target("/a/%2e%2e/b"), 400},
    {"half encoded dot dot", target("/a/.%2E/b"), 400},
    {"single dot", target("/./a"), 400},
    {"encoded slash", target("/a%2fb"), 400},
    {"encoded backslash", target("/a%5cb"), 400},
    {"encoded NUL", target("/a%00"), 400},
    {"encoded newline", target("/a%0d%0aX:b"), 400},
    {"encoded NUL in a query", target("/a?b=%00"), 400},
    {"bad escape", target("/a%zz"), 400},
    {"short escape", target("/a%2"), 400},
    {"lonely percent", target("/a?b=%"), 400},
    {"overlong UTF-8", target("/%c0%ae%c0%ae/"), 400},
    {"surrogate", target("/%ed%a0%80"), 400},
    {"beyond Unicode", target("/%f4%90%80%80"), 400},
    {"cut UTF-8", target("/%e2%82"), 400},
    {"fragment", target("/a#b"), 400},
    {"no slash", target("a"), 400},
    {"authority", "CONNECT evil:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"absolute form", target("http://h/a"), 200},
    {"absolute form without a path", target("http://h"), 200},
    {"absolute form of another kind", target("file:///etc/passwd"), 400},
    {"too many parameters",
     target("/?" +
            [] {
              std::string text;
              for (int i = 0; i < 101; ++i) {
                text += "a&";
              }
              return text;
            }()),
     400},
};

INSTANTIATE_TEST_SUITE_P(Table, NastyRequests, ::testing::ValuesIn(nasties), [](const auto& tested) {
  std::string name = tested.param.what;
  for (char& letter : name) {
    letter = std::isalnum(static_cast<unsigned char>(letter)) ? letter : '_';
  }
  return name;
});

}  // namespace
}  // namespace berth::http
