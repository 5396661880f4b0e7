// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/described.h"
#include "cli/api_client.h"
#include "cli/image_reference.h"
#include "cli/resolve.h"
#include "cli/server_sent_events.h"

namespace berth::cli {
namespace {

const boost::json::array instances = parse_json(R"([{"id":"abc123","name":"web"},{"id":"abd456","name":"db"},
    {"id":"xyz789","name":"abc"},{"id":"web","name":"other"},{"id":"q1","name":"twin"},{"id":"q2","name":"twin"}])")
                                         .as_array();

std::string chosen(const std::string& text) { return text_of(choose_instance(instances, text), "id"); }

std::string fault(const std::string& text) {
  try {
    return "chose " + chosen(text);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Resolve, an_id_goes_before_a_name_and_a_name_before_a_beginning) {
  EXPECT_EQ(chosen("abd456"), "abd456");
  EXPECT_EQ(chosen("web"), "web");
  EXPECT_EQ(chosen("db"), "abd456");
  EXPECT_EQ(chosen("abc"), "xyz789");
  EXPECT_EQ(chosen("abc1"), "abc123");
  EXPECT_EQ(chosen("x"), "xyz789");
}

TEST(Resolve, what_means_several_or_none_is_refused) {
  EXPECT_THAT(fault("ab"), testing::HasSubstr("abc123, abd456"));
  EXPECT_THAT(fault("twin"), testing::HasSubstr("q1, q2"));
  EXPECT_THAT(fault("nothing"), testing::HasSubstr("berth ls"));
  EXPECT_THAT(fault(""), testing::HasSubstr("no instance"));
}

std::vector<std::string> events_of(const std::vector<std::string>& pieces) {
  std::vector<std::string> events;
  EventSplitter splitter(
      [&](const ServerSentEvent& event) { events.push_back(event.id + "|" + event.name + "|" + event.data); });
  for (const auto& piece : pieces) {
    splitter.take(piece);
  }
  return events;
}

TEST(ServerSentEvents, events_are_found_however_the_bytes_are_cut) {
  const std::string stream =
      ": hello\r\n\r\nid: 1\r\nevent: login\r\ndata: {\"a\":1}\r\n\r\ndata:x\ndata: y\n\nevent: none\n\nid: "
      "2\rdata\r\rda";
  const auto whole = events_of({stream});
  EXPECT_THAT(whole, testing::ElementsAre("1|login|{\"a\":1}", "1||x\ny", "2||"));
  std::vector<std::string> letters;
  for (const char letter : stream) {
    letters.emplace_back(1, letter);
  }
  EXPECT_EQ(events_of(letters), whole);
}

TEST(ServerSentEvents, a_line_without_end_is_not_collected_for_ever) {
  EventSplitter splitter([](const ServerSentEvent&) {});
  const std::string piece(100'000, 'x');
  EXPECT_THROW(for (int count = 0; count < 100; ++count) { splitter.take(piece); }, Error);
}

TEST(ImageReference, what_docker_takes_is_completed_as_docker_does) {
  EXPECT_EQ(full_reference("alpine:3"), "docker://docker.io/library/alpine:3");
  EXPECT_EQ(full_reference("grafana/grafana"), "docker://docker.io/grafana/grafana");
  EXPECT_EQ(full_reference("localhost:5000/tool:1"), "docker://localhost:5000/tool:1");
  EXPECT_EQ(full_reference("registry.example.org/a/b@sha256:1"), "docker://registry.example.org/a/b@sha256:1");
  EXPECT_EQ(full_reference("docker://quay.io/x"), "docker://quay.io/x");
}

}  // namespace
}  // namespace berth::cli
