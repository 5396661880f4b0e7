// SPDX-License-Identifier: Apache-2.0
#include "doors/web/web_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "http/test_server.h"

namespace berth::doors::web {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WebDoorTest : public ::testing::Test {
 protected:
  WebDoorTest() {
    char name[] = "/tmp/berth-web-door-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~WebDoorTest() override { std::filesystem::remove_all(folder_); }

  std::string get(const std::string& path) {
    WebDoor door(folder_);
    http::Router router;
    door.add_routes(router);
    http::testing::TestServer server(router);
    auto client = server.connect();
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
  }

  void build_console() { std::ofstream(folder_ / "index.html") << "<title>console</title>"; }

  std::filesystem::path folder_;
};

TEST_F(WebDoorTest, hands_out_the_console_under_a_strict_policy) {
  build_console();
  EXPECT_THAT(
      get("/instances/i-1"),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Cache-Control: no-cache\r\n"),
            HasSubstr(
                "Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"),
            Not(HasSubstr("'unsafe")), EndsWith("<title>console</title>")));
}

TEST_F(WebDoorTest, does_not_answer_for_the_api) {
  build_console();
  EXPECT_THAT(get("/api/v1/nothing"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/api"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(WebDoorTest, says_what_to_do_when_the_console_was_not_built) {
  EXPECT_THAT(get("/"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Content-Type: text/html"), HasSubstr("tools/run"),
                              HasSubstr("/api/v1")));
  EXPECT_THAT(get("/api/v1/nothing"), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace berth::doors::web
