// SPDX-License-Identifier: Apache-2.0
#include "cli/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/described.h"
#include "cli/loopback_server.h"

namespace berth::cli {
namespace {

using testing::HasSubstr;

// The kind and message of the error that `work` ends with.
template <class Work>
std::string error_from(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(to_string(error.kind())) + ": " + error.what();
  }
  return "no error";
}

std::string error_for(const Reply& reply) {
  const LoopbackServer server([&](const SeenRequest&) { return reply; });
  ApiClient api(server.access());
  return error_from([&] { api.get("/account"); });
}

TEST(ApiClient, a_request_carries_token_query_and_body) {
  const LoopbackServer server([](const SeenRequest&) { return Reply{.body = R"({"id":"a"})", .headers = {}}; });
  ApiClient api(server.access("berth_secret"));
  CallOptions options;
  options.query = {{"path", "/a b"}, {"form", "raw"}};
  options.headers = {{"Idempotency-Key", "k"}};
  const auto answer =
      api.call("POST", path_of("/instances", "a/b", "/actions"), boost::json::object{{"x", 1}}, options);
  EXPECT_EQ(text_of(answer, "id"), "a");
  const auto seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/api/v1/instances/a%2Fb/actions?path=%2Fa%20b&form=raw");
  EXPECT_EQ(seen.body, R"({"x":1})");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer berth_secret");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.headers.at("idempotency-key"), "k");
}

TEST(ApiClient, a_problem_is_the_error_it_describes) {
  EXPECT_EQ(error_for(problem(409, "conflict", "it is asleep; resume it first")),
            "conflict: it is asleep; resume it first");
  EXPECT_EQ(error_for(problem(429, "exhausted", "the host is full")), "exhausted: the host is full");
  EXPECT_THAT(error_for(problem(401, "unauthenticated", "the token has expired")), HasSubstr("berth login"));
  EXPECT_EQ(error_for(problem(400, "invalid_argument", "a\x1b[31m\nb")), "invalid_argument: a?[31m?b");
}

TEST(ApiClient, what_is_not_berth_is_told_so) {
  EXPECT_THAT(error_for({.status = 502, .body = "<html>", .content_type = "text/html", .headers = {}}),
              testing::AllOf(HasSubstr("unavailable"), HasSubstr("502"), HasSubstr("http://127.0.0.1:")));
  EXPECT_THAT(error_for({.status = 200, .body = "<html>", .content_type = "text/html", .headers = {}}),
              HasSubstr("not JSON"));
  EXPECT_THAT(error_for({.status = 308, .body = "", .headers = {{"Location", "https://elsewhere/"}}}),
              HasSubstr("https://elsewhere/"));
}

TEST(ApiClient, a_body_that_breaks_off_is_an_error) {
  EXPECT_THAT(error_for({.body = R"({"id":)", .headers = {}, .cut = true}), HasSubstr("unavailable"));
}

TEST(ApiClient, without_a_token_nothing_is_sent) {
  const LoopbackServer server([](const SeenRequest&) { return Reply{.headers = {}}; });
  ApiClient api(server.access(""));
  EXPECT_THAT(error_from([&] { api.get("/account"); }), HasSubstr("unauthenticated: you are not signed in"));
  ApiClient broken(server.access("a\r\nX-Other: b"));
  EXPECT_THAT(error_from([&] { broken.get("/account"); }), HasSubstr("line break"));
  EXPECT_TRUE(server.seen().empty());
}

TEST(ApiClient, nobody_there_says_what_to_look_for) {
  std::string url;
  {
    const LoopbackServer server([](const SeenRequest&) { return Reply{.headers = {}}; });
    url = server.url();
  }
  ApiClient api({.endpoint = parse_endpoint(url), .token = Secret("berth_x")});
  EXPECT_THAT(error_from([&] { api.get("/account"); }), testing::AllOf(HasSubstr(url), HasSubstr("berthd")));
}

TEST(ApiClient, all_pages_of_a_list_become_one) {
  const LoopbackServer server([](const SeenRequest& request) {
    const bool second = request.target.find("cursor=n%2F1") != std::string::npos;
    return Reply{.body = second ? R"({"items":[{"id":"c"}],"next_cursor":null})"
                                : R"({"items":[{"id":"a"},{"id":"b"}],"next_cursor":"n/1"})",
                 .headers = {}};
  });
  ApiClient api(server.access());
  const auto all = api.list("/instances");
  EXPECT_EQ(print_json(all), R"({"items":[{"id":"a"},{"id":"b"},{"id":"c"}],"next_cursor":null})");
  EXPECT_EQ(server.seen().size(), 2U);
}

// Counts the connections that requests come in by, as a server sees them.
TEST(ApiClient, a_server_that_has_hung_up_is_called_again) {
  const LoopbackServer server(
      [](const SeenRequest&) { return Reply{.body = "{}", .headers = {{"Connection", "close"}}}; });
  ApiClient api(server.access());
  for (int count = 0; count < 3; ++count) {
    api.get("/account");
  }
  EXPECT_EQ(server.seen().size(), 3U);
}

BodySource endless() {
  return [](char* into, std::size_t size) {
    std::memset(into, 'x', size);
    return size;
  };
}

TEST(ApiClient, an_upload_arrives_whole_with_and_without_a_length) {
  const LoopbackServer server([](const SeenRequest&) { return Reply{.status = 200, .body = "{}", .headers = {}}; });
  ApiClient api(server.access());
  const std::string content(200'001, 'y');
  for (const bool counted : {true, false}) {
    std::size_t at = 0;
    const BodySource source = [&](char* into, std::size_t size) {
      const std::size_t count = std::min(size, content.size() - at);
      std::copy_n(content.data() + at, count, into);
      at += count;
      return count;
    };
    api.upload("/images/x", "application/octet-stream", source,
               counted ? std::optional<std::uint64_t>(content.size()) : std::nullopt);
  }
  ASSERT_EQ(server.seen().size(), 2U);
  EXPECT_EQ(server.seen()[0].headers.at("content-length"), "200001");
  EXPECT_EQ(server.seen()[1].headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(server.seen()[0].body, content);
  EXPECT_EQ(server.seen()[1].body, content);
}

TEST(ApiClient, an_upload_that_is_refused_early_says_why) {
  const LoopbackServer server([](const SeenRequest&) {
    Reply reply = problem(403, "forbidden", "this token may not write images");
    reply.before_body = true;
    return reply;
  });
  ApiClient api(server.access());
  EXPECT_EQ(error_from([&] { api.upload("/images/x", "application/octet-stream", endless(), std::nullopt); }),
            "forbidden: this token may not write images");
}

TEST(ApiClient, a_fault_of_the_source_ends_the_upload) {
  const LoopbackServer server([](const SeenRequest&) { return Reply{.body = "{}", .headers = {}}; });
  ApiClient api(server.access());
  const BodySource broken = [](char*, std::size_t) -> std::size_t {
    throw Error(ErrorKind::not_found, "the file has gone");
  };
  EXPECT_EQ(error_from([&] { api.upload("/images/x", "application/octet-stream", broken, std::nullopt); }),
            "not_found: the file has gone");
  EXPECT_EQ(print_json(api.get("/account")), "{}");
}

}  // namespace
}  // namespace berth::cli
