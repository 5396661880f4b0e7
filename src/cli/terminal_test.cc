// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "base/described.h"
#include "cli/command_line.h"
#include "cli/loopback_server.h"
#include "cli/text.h"

namespace berth::cli {
namespace {

using testing::HasSubstr;

// A terminal of our own: the program is at `inner`, the person at `outer`.
class PseudoTerminal {
 public:
  PseudoTerminal() : outer_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(outer_.get());
    ::unlockpt(outer_.get());
    std::array<char, 64> name{};
    ::ptsname_r(outer_.get(), name.data(), name.size());
    inner_ = Descriptor(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    resize(100, 30);
  }

  int inner() const { return inner_.get(); }
  void type(std::string_view keys) const { write_all(outer_.get(), keys); }
  void resize(std::uint16_t columns, std::uint16_t rows) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(inner_.get(), TIOCSWINSZ, &size);
  }
  bool is_raw() const {
    termios settings{};
    ::tcgetattr(inner_.get(), &settings);
    return (settings.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  // What is on the screen when `end` has been shown.
  std::string shown_until(const std::string& end) const {
    std::string shown;
    std::array<char, 4096> piece{};
    while (shown.find(end) == std::string::npos) {
      const ssize_t count = ::read(outer_.get(), piece.data(), piece.size());
      if (count <= 0) {
        break;
      }
      shown.append(piece.data(), static_cast<std::size_t>(count));
    }
    return shown;
  }

 private:
  Descriptor outer_;
  Descriptor inner_;
};

TEST(Terminal, raw_mode_ends_with_its_owner) {
  const PseudoTerminal terminal;
  EXPECT_FALSE(terminal.is_raw());
  {
    const RawMode raw(terminal.inner());
    EXPECT_TRUE(raw.on());
    EXPECT_TRUE(terminal.is_raw());
  }
  EXPECT_FALSE(terminal.is_raw());
  const Collected no_terminal;
  EXPECT_FALSE(RawMode(no_terminal.descriptor()).on());
}

TEST(Terminal, a_crash_gives_the_terminal_back) {
  const PseudoTerminal terminal;
  const pid_t child = ::fork();
  if (child == 0) {
    const RawMode raw(terminal.inner());
    ::raise(SIGABRT);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(terminal.is_raw());
}

TEST(Terminal, the_size_is_bounded_and_has_a_default) {
  const PseudoTerminal terminal;
  EXPECT_EQ(terminal_size(terminal.inner()).columns, 100);
  terminal.resize(5000, 0);
  EXPECT_EQ(terminal_size(terminal.inner()).rows, 24);
  const Collected no_terminal;
  EXPECT_EQ(terminal_size(no_terminal.descriptor()).columns, 80);
}

// "berth sh box" on a terminal of our own, in a thread.
class Shell {
 public:
  explicit Shell(const LoopbackServer& server) {
    around_.environment = {{"BERTH_URL", server.url()}, {"BERTH_TOKEN", "berth_test"}, {"TERM", "vt100"}};
    around_.input = around_.output = around_.errors = terminal.inner();
    around_.clock = &clock_;
    around_.reattach = {.first_wait = Milliseconds{1}, .give_up = Seconds{10}};
    running_ = std::thread([this] { code_ = run_command({"sh", "box"}, around_); });
  }
  ~Shell() {
    if (running_.joinable()) {
      running_.join();
    }
  }
  int code() {
    running_.join();
    return code_;
  }

  PseudoTerminal terminal;

 private:
  SystemClock clock_;
  Surroundings around_;
  int code_ = -1;
  std::thread running_;
};

Reply one_session(const SeenRequest& request) {
  return {.body = request.method == "GET" ? R"({"id":"box1","name":"box"})" : R"({"id":"7"})", .headers = {}};
}

boost::json::object attached_at(std::uint64_t offset) {
  return {{"type", "attached"}, {"offset", offset}, {"input", 0}};
}

TEST(Shell, a_terminal_is_raw_has_its_size_and_ends_with_the_shells_code) {
  bool raw = false;
  const Shell* running = nullptr;
  std::string typed;
  std::vector<std::string> sizes;
  const LoopbackServer server(one_session, [&](ViewerConnection& viewer) {
    viewer.send(attached_at(0));
    viewer.send_output(1, "prompt$ ");
    while (!typed.ends_with('\r')) {
      typed += viewer.receive().bytes;
    }
    raw = running->terminal.is_raw();
    ::kill(::getpid(), SIGWINCH);
    while (viewer.resizes.size() < 2) {
      viewer.receive_control();
    }
    sizes = viewer.resizes;
    viewer.send({{"type", "exit"}, {"code", 5}});
    viewer.receive();
  });
  Shell shell(server);
  running = &shell;
  shell.terminal.shown_until("prompt$ ");
  shell.terminal.resize(90, 20);
  shell.terminal.type("\x03 ls ~.\r");
  EXPECT_EQ(shell.code(), 5);
  EXPECT_EQ(typed, "\x03 ls ~.\r");
  EXPECT_TRUE(raw);
  EXPECT_FALSE(shell.terminal.is_raw());
  EXPECT_THAT(sizes, testing::ElementsAre("100x30", "90x20"));
  const auto seen = server.seen();
  EXPECT_EQ(parse_json(seen.at(1).body), parse_json(R"({"kind":"terminal","environment":{"TERM":"vt100"},
      "columns":100,"rows":30})"));
  EXPECT_EQ(seen.back().method, "DELETE");
}

TEST(Shell, a_break_is_told_on_one_line_and_detaching_says_how_to_come_back) {
  int connections = 0;
  const LoopbackServer server(one_session, [&](ViewerConnection& viewer) {
    viewer.send(attached_at(connections == 0 ? 0 : 8));
    if (++connections == 1) {
      viewer.send_output(1, "prompt$ ");
      return;
    }
    viewer.send_output(1, "back$ ");
    while (true) {
      viewer.receive();
    }
  });
  Shell shell(server);
  const std::string shown = shell.terminal.shown_until("back$ ");
  EXPECT_THAT(shown, HasSubstr("\r\nberth: connection lost; re-attaching ... attached again at byte 8\r\n"));
  shell.terminal.type("\r~.");
  const std::string end = shell.terminal.shown_until("comes back to it");
  EXPECT_EQ(shell.code(), 0);
  EXPECT_THAT(end, HasSubstr("'berth sh box1 --session 7' comes back to it"));
  for (const auto& request : server.seen()) {
    EXPECT_NE(request.method, "DELETE");
  }
}

}  // namespace
}  // namespace berth::cli
