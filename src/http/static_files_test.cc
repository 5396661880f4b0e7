// SPDX-License-Identifier: Apache-2.0
#include "http/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "http/test_server.h"

namespace berth::http {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TestServer;
namespace fs = std::filesystem;

class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest() {
    char name[] = "/tmp/berth-http-static-XXXXXX";
    base_ = ::mkdtemp(name);
    write("secret.txt", "SECRET");
    write("dist/index.html", "<title>page</title>");
    write("dist/index.html.gz", "packed page");
    write("dist/assets/app-1a2b.js", "script");
    write("dist/favicon.svg", "<svg/>");
    write("dist/.env", "SECRET");
    write("dist/odd.bin", std::string("\0\1\2", 3));
    fs::create_symlink(base_ / "secret.txt", base_ / "dist/link.txt");
    fs::create_directory_symlink(base_, base_ / "dist/out");
    files_ = std::make_unique<StaticFiles>(base_ / "dist", "default-src 'self'");
    router_.add_fallback([this](Exchange& exchange) { return files_->answer(exchange); });
    server_ = std::make_unique<TestServer>(router_);
  }
  ~StaticFilesTest() override { fs::remove_all(base_); }

  void write(const fs::path& name, const std::string& bytes) {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream(base_ / name, std::ios::binary) << bytes;
  }

  std::string get(const std::string& target, const std::string& headers = "") {
    auto client = server_->connect();
    client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + headers + "\r\n");
    return client.read_to_end();
  }

  fs::path base_;
  std::unique_ptr<StaticFiles> files_;
  Router router_;
  std::unique_ptr<TestServer> server_;
};

std::string tag_in(const std::string& answer) {
  const auto at = answer.find("ETag: ") + 6;
  return answer.substr(at, answer.find('\r', at) - at);
}

TEST_F(StaticFilesTest, serves_files_with_their_type_and_policy) {
  EXPECT_THAT(get("/favicon.svg"), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Type: image/svg+xml\r\n"),
                                         HasSubstr("Content-Security-Policy: default-src 'self'\r\n"),
                                         HasSubstr("X-Content-Type-Options: nosniff\r\n"), EndsWith("\r\n\r\n<svg/>")));
  EXPECT_THAT(get("/odd.bin"), AllOf(HasSubstr("Content-Type: application/octet-stream\r\n"),
                                     EndsWith(std::string("\r\n\r\n\0\1\2", 7))));
}

TEST_F(StaticFilesTest, lets_hashed_files_be_kept_for_ever_and_others_be_asked_for) {
  EXPECT_THAT(get("/assets/app-1a2b.js"), HasSubstr("Cache-Control: public, max-age=31536000, immutable\r\n"));
  EXPECT_THAT(get("/"), HasSubstr("Cache-Control: no-cache\r\n"));
}

TEST_F(StaticFilesTest, gives_the_page_for_its_own_routes_only) {
  for (const char* route : {"/", "/index.html", "/instances/i-abc", "/login"}) {
    EXPECT_THAT(get(route), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("<title>page</title>"))) << route;
  }
  EXPECT_THAT(get("/missing.js"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/assets/missing"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(StaticFilesTest, does_not_send_again_what_the_client_has) {
  const std::string tag = tag_in(get("/"));
  EXPECT_THAT(get("/", "If-None-Match: \"other\", W/" + tag + "\r\n"),
              AllOf(StartsWith("HTTP/1.1 304 "), EndsWith("\r\n\r\n"), Not(HasSubstr("Content-Length"))));
  EXPECT_THAT(get("/", "If-None-Match: \"other\"\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(StaticFilesTest, sends_the_packed_variant_to_those_who_take_it) {
  const std::string packed = get("/", "Accept-Encoding: br, gzip;q=0.8\r\n");
  EXPECT_THAT(packed, AllOf(HasSubstr("Content-Encoding: gzip\r\n"), HasSubstr("Vary: Accept-Encoding\r\n"),
                            HasSubstr("Content-Type: text/html; charset=utf-8\r\n"), EndsWith("packed page")));
  const std::string plain = get("/", "Accept-Encoding: gzip;q=0, identity\r\n");
  EXPECT_THAT(plain, AllOf(HasSubstr("Vary: Accept-Encoding\r\n"), EndsWith("<title>page</title>")));
  EXPECT_NE(tag_in(packed), tag_in(plain));
}

TEST_F(StaticFilesTest, serves_nothing_outside_its_folder) {
  for (const char* target : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
                             "//../secret.txt", "/link.txt", "/out/secret.txt", "/.env", "/%2eenv",
                             "/secret.txt%00.html", "/index.html.gz", "/./secret.txt", "http://h/../secret.txt"}) {
    const std::string answer = get(target);
    EXPECT_THAT(answer, Not(HasSubstr("SECRET"))) << target;
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << target;
  }
}

TEST(StaticFiles, are_empty_without_their_folder) { EXPECT_FALSE(StaticFiles("/nonexistent/berth", "").has_page()); }

}  // namespace
}  // namespace berth::http
