// SPDX-License-Identifier: Apache-2.0
#include "cli/attachment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "base/described.h"
#include "cli/loopback_server.h"

namespace berth::cli {
namespace {

using How = AttachmentEnd::How;
using Input = AttachRequest::Input;
using testing::HasSubstr;

Reply nothing(const SeenRequest&) { return problem(404, "not_found", "there is no such session"); }

boost::json::object attached_at(std::uint64_t offset, std::uint64_t input = 0) {
  return {{"type", "attached"}, {"offset", offset}, {"input", input}};
}

boost::json::object exit_with(int code) { return {{"type", "exit"}, {"code", code}}; }

std::uint64_t offset_of(const ViewerConnection& viewer) {
  const std::string& target = viewer.request().target;
  return std::stoull(target.substr(target.find("offset=") + 7));
}

std::string type_of(const ViewerConnection::Message& message) {
  return message.text ? text_of(parse_json(message.bytes), "type") : "";
}

// A local end for an attachment: files in memory for the output, and all that was said to people.
struct Local {
  Collected output;
  Collected errors;
  std::string said;
  ReattachPolicy policy{.first_wait = Milliseconds{1}, .longest_wait = Milliseconds{5}, .give_up = Seconds{10}};

  AttachmentEnd run(const LoopbackServer& server, AttachRequest request = {}) {
    request.instance = "box";
    request.session = "7";
    request.output_descriptor = output.descriptor();
    request.error_descriptor = errors.descriptor();
    const Access access = server.access();
    return attach(access, request, policy, [this](const std::string& part) {
      said += part;
      return std::string();
    });
  }
};

TEST(Attachment, output_comes_on_its_two_streams_and_the_exit_code_after_it) {
  const LoopbackServer server(nothing, [](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    viewer.send_output(1, "out");
    viewer.send_output(2, "err");
    viewer.send_output(1, "put");
    viewer.send(exit_with(3));
    viewer.receive();
  });
  Local local;
  const auto end = local.run(server);
  EXPECT_EQ(end.how, How::exited);
  EXPECT_EQ(end.code, 3);
  EXPECT_EQ(local.output.text(), "output");
  EXPECT_EQ(local.errors.text(), "err");
  EXPECT_EQ(local.said, "");
  const auto seen = server.seen().at(0);
  EXPECT_EQ(seen.target, "/api/v1/instances/box/sessions/7/stream?offset=0");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer berth_test");
  EXPECT_EQ(seen.headers.at("sec-websocket-protocol"), "berth.v1");
}

TEST(Attachment, a_signal_is_told_as_a_shell_tells_it) {
  const LoopbackServer server(nothing, [](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    viewer.send({{"type", "exit"}, {"signal", 15}});
    viewer.receive();
  });
  EXPECT_EQ(Local().run(server).code, 143);
}

// A session whose output is counted numbers, on a line that breaks in the middle of things.
class CountingSession {
 public:
  CountingSession() {
    for (int number = 0; number < 60'000; ++number) {
      output += std::to_string(number) + "\n";
    }
  }

  void serve(ViewerConnection& viewer) {
    const std::uint64_t from = offset_of(viewer);
    offsets.push_back(from);
    const std::uint64_t repeat = std::min<std::uint64_t>(from, 5);  // some of it a second time
    viewer.send(attached_at(from - repeat));
    std::uint64_t at = from - repeat;
    const std::uint64_t breaks_at = from + 70'001;
    while (at < output.size()) {
      if (at >= breaks_at) {
        return;
      }
      const std::string piece = output.substr(at, 9'999);
      viewer.send_output(1, piece);
      at += piece.size();
    }
    viewer.send(exit_with(0));
    viewer.receive();
  }

  std::string output;
  std::vector<std::uint64_t> offsets;
};

TEST(Attachment, a_connection_that_breaks_again_and_again_costs_no_byte) {
  CountingSession session;
  Local local;
  {
    const LoopbackServer server(nothing, [&](ViewerConnection& viewer) { session.serve(viewer); });
    const auto end = local.run(server);
    EXPECT_EQ(end.how, How::exited);
    EXPECT_EQ(end.code, 0);
  }
  EXPECT_TRUE(local.output.text() == session.output);
  EXPECT_GE(session.offsets.size(), 4U);
  EXPECT_GT(session.offsets[1], 0U);
  EXPECT_THAT(local.said, HasSubstr("attached again at byte " + std::to_string(session.offsets[1] - 5)));
}

TEST(Attachment, a_server_that_waits_for_acknowledgements_gets_them) {
  constexpr std::uint64_t total = 2'000'000;
  const LoopbackServer server(nothing, [](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    for (std::uint64_t sent = 0; sent < total; sent += 10'000) {
      while (sent - viewer.acknowledged > 64 * 1024) {
        viewer.receive_control();
      }
      viewer.send_output(1, std::string(10'000, 'x'));
    }
    viewer.send(exit_with(0));
    viewer.receive();
  });
  Local local;
  EXPECT_EQ(local.run(server).code, 0);
  EXPECT_EQ(local.output.text().size(), total);
}

TEST(Attachment, output_that_is_no_longer_kept_is_owned_up_to) {
  std::atomic<int> connections = 0;
  const LoopbackServer server(nothing, [&](ViewerConnection& viewer) {
    viewer.send(attached_at(offset_of(viewer)));
    if (++connections == 1) {
      viewer.send_output(1, "before ");
      return;
    }
    viewer.send(attached_at(2055));  // berthd tells the gap when it comes to it
    viewer.send_output(1, "after");
    viewer.send(exit_with(0));
    viewer.receive();
  });
  Local local;
  EXPECT_EQ(local.run(server).code, 0);
  EXPECT_EQ(local.output.text(), "before after");
  EXPECT_THAT(local.said, HasSubstr("2 KiB of output are no longer kept"));
}

// Takes input as a program would, and loses its line now and then, with input on the way that it never took.
class TakingSession {
 public:
  void serve(ViewerConnection& viewer) {
    ++connections;
    viewer.send(attached_at(0, taken.size()));
    std::size_t here = 0;
    while (true) {
      const auto message = viewer.receive();
      if (message.text) {
        ended = type_of(message) == "end";
        viewer.send(exit_with(0));
        viewer.receive();
        return;
      }
      here += message.bytes.size();
      if (connections < 4 && here > 90'000) {
        return;  // this message is lost
      }
      taken += message.bytes;
      viewer.send({{"type", "taken"}, {"input", taken.size()}});
    }
  }

  std::string taken;
  int connections = 0;
  bool ended = false;
};

TEST(Attachment, piped_input_arrives_once_over_breaking_connections) {
  std::string content;
  for (int number = 0; number < 200'000; ++number) {
    content += std::to_string(number) + " ";
  }
  TakingSession session;
  {
    const LoopbackServer server(nothing, [&](ViewerConnection& viewer) { session.serve(viewer); });
    const Filled input(content);
    Local local;
    const auto end =
        local.run(server, {.input = Input::stream, .sole_writer = true, .input_descriptor = input.descriptor()});
    EXPECT_EQ(end.how, How::exited);
  }
  EXPECT_TRUE(session.taken == content) << session.taken.size() << " of " << content.size();
  EXPECT_EQ(session.connections, 4);
  EXPECT_TRUE(session.ended);
}

TEST(Attachment, a_program_that_takes_no_input_is_not_flooded) {
  std::size_t received = 0;
  {
    const LoopbackServer server(nothing, [&](ViewerConnection& viewer) {
      viewer.send(attached_at(0, 0));
      while (received < 256 * 1024) {
        received += viewer.receive().bytes.size();
      }
      viewer.send(exit_with(0));  // nothing more comes before the client hangs up
      try {
        received += viewer.receive().bytes.size();
      } catch (const std::exception&) {
      }
    });
    const Filled input(std::string(1'000'000, 'x'));
    EXPECT_EQ(
        Local().run(server, {.input = Input::stream, .sole_writer = true, .input_descriptor = input.descriptor()}).code,
        0);
  }
  EXPECT_EQ(received, 256U * 1024);
}

TEST(Attachment, without_input_the_session_hears_so_at_once) {
  std::string first;
  const LoopbackServer server(nothing, [&](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    first = type_of(viewer.receive());
    viewer.send(exit_with(0));
    viewer.receive();
  });
  Local().run(server);
  EXPECT_EQ(first, "end");
}

TEST(Attachment, typing_the_escape_detaches_and_leaves_the_session_alone) {
  std::string typed;
  const LoopbackServer server(nothing, [&](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    while (true) {
      typed += viewer.receive().bytes;
    }
  });
  const Filled input("ls\n~.never sent");
  Local local;
  const auto end = local.run(server, {.input = Input::keys, .input_descriptor = input.descriptor()});
  EXPECT_EQ(end.how, How::detached);
  EXPECT_EQ(end.code, 0);
  EXPECT_THAT(typed, testing::Not(HasSubstr("never")));
}

TEST(Attachment, a_session_that_is_not_there_ends_it_with_the_servers_words) {
  const LoopbackServer server(nothing);
  try {
    Local().run(server);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_STREQ(error.what(), "there is no such session");
  }
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST(Attachment, a_server_on_its_way_up_is_waited_for) {
  const LoopbackServer server([](const SeenRequest&) { return problem(503, "unavailable", "not yet"); });
  Local local;
  local.policy.give_up = Milliseconds{20};
  try {
    local.run(server);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("not yet"));
  }
  EXPECT_GE(server.seen().size(), 2U);
  EXPECT_THAT(local.said, HasSubstr("trying again ..."));
}

TEST(Attachment, an_error_told_before_the_close_is_the_reason) {
  const LoopbackServer server(nothing, [](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    viewer.send({{"type", "error"}, {"kind", "instance_fault"}, {"detail", "the agent broke its protocol"}});
  });
  try {
    Local().run(server);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::instance_fault);
    EXPECT_STREQ(error.what(), "the agent broke its protocol");
  }
}

TEST(Attachment, a_server_that_does_not_keep_to_the_protocol_is_left) {
  for (const std::string wrong : {"not json", "{\"type\":\"attached\"}", "[]"}) {
    const LoopbackServer server(nothing, [&](ViewerConnection& viewer) {
      if (wrong == "[]") {
        viewer.send_output(3, "before attached");
      } else if (wrong == "not json") {
        viewer.send({{"type", "attached"}, {"offset", "x"}});
      } else {
        viewer.send({{"type", "attached"}});
      }
      viewer.receive();
    });
    EXPECT_THROW(Local().run(server), Error) << wrong;
  }
}

TEST(Attachment, a_reader_that_goes_away_ends_it) {
  const LoopbackServer server(nothing, [](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    while (true) {
      viewer.send_output(1, std::string(10'000, 'x'));
      viewer.receive();
    }
  });
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const Descriptor write_end(ends[1]);
  Local local;
  const Access access = server.access();
  const auto end = attach(access, {.instance = "box", .session = "7", .output_descriptor = write_end.get()},
                          local.policy, [](const std::string& part) { return part; });
  EXPECT_EQ(end.how, How::output_closed);
  EXPECT_EQ(end.code, 141);
}

}  // namespace
}  // namespace berth::cli
