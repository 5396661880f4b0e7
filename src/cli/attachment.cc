// SPDX-License-Identifier: Apache-2.0
#include "cli/attachment.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "base/described.h"
#include "cli/api_client.h"
#include "cli/escape.h"
#include "cli/input_window.h"
#include "cli/output_position.h"
#include "cli/pump.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "cli/websocket.h"

namespace berth::cli {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;
using Input = AttachRequest::Input;
using How = AttachmentEnd::How;

constexpr std::size_t most_unwritten = 8 * 1024 * 1024;
constexpr Seconds good_for{10};  // a connection that held so long was a good one
constexpr int patience = 3;      // how often the same signal is passed on before it ends ourselves

class IgnoredSignal {
 public:
  explicit IgnoredSignal(int number) : number_(number) {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(number, &ignore, &previous_);
  }
  ~IgnoredSignal() { ::sigaction(number_, &previous_, nullptr); }
  IgnoredSignal(const IgnoredSignal&) = delete;
  IgnoredSignal& operator=(const IgnoredSignal&) = delete;

 private:
  int number_;
  struct sigaction previous_{};
};

bool worth_retrying(ErrorKind kind) { return kind == ErrorKind::unavailable || kind == ErrorKind::timed_out; }

// The whole of attach(). All but the pumps' own work happens on the thread that runs `io_`.
class Attachment {
 public:
  Attachment(const Access& access, const AttachRequest& request, const ReattachPolicy& policy,
             const std::function<std::string(const std::string&)>& phrase)
      : access_(access),
        request_(request),
        policy_(policy),
        phrase_(phrase),
        window_(request.sole_writer),
        signals_(io_),
        retry_(io_),
        output_([this](std::size_t count, bool ok) { asio::post(io_, [this, count, ok] { wrote(count, ok); }); }) {}

  AttachmentEnd run();

 private:
  void connect();
  void connection_closed(bool refused, const Error& why);
  void reconnect_later(const Error& why);

  void message(WebSocket::Kind kind, std::string_view message);
  void control(const boost::json::value& message);
  void attached(const boost::json::value& message);
  void tell_loss(std::uint64_t lost);
  void output(std::string_view message);
  void wrote(std::size_t count, bool ok);
  void exited(const boost::json::value& message);

  void input(std::string bytes);
  void typed(std::string_view keys);
  void flush_input();

  void wait_for_signal();
  void signalled(int number);
  void tell(boost::json::object message);
  void resize();
  void say(const std::string& part) { output_.push_note(request_.error_descriptor, phrase_(part)); }
  void finish(AttachmentEnd end);
  void fail(const Error& error);

  const Access& access_;
  const AttachRequest& request_;
  const ReattachPolicy& policy_;
  const std::function<std::string(const std::string&)>& phrase_;

  OutputPosition position_;
  InputWindow window_;
  EscapeDetector escapes_;
  bool input_ended_ = false;
  bool end_told_ = false;  // on this connection
  std::size_t unwritten_ = 0;
  bool attached_ = false;
  bool was_attached_ = false;
  bool loss_told_ = false;                              // and the line is not finished
  std::optional<SteadyClock::time_point> attached_at_;  // on this connection
  std::optional<SteadyClock::time_point> lost_at_;      // no good connection since
  Milliseconds wait_{0};
  std::optional<Error> told_;  // the server's own word on why it closes
  int same_signals_ = 0;
  int last_signal_ = 0;

  std::optional<AttachmentEnd> exit_;
  std::optional<AttachmentEnd> end_;
  std::optional<Error> failure_;

  asio::io_context io_;
  asio::signal_set signals_;
  asio::steady_timer retry_;
  std::unique_ptr<WebSocket> socket_;
  OutputPump output_;
  std::optional<InputPump> input_;
};

AttachmentEnd Attachment::run() {
  const IgnoredSignal no_pipe_signal(SIGPIPE);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current{};
    ::sigaction(number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) {  // nohup wants it ignored
      signals_.add(number);
    }
  }
  if (request_.terminal) {
    signals_.add(SIGWINCH);
  }
  wait_for_signal();
  if (request_.input == Input::none) {
    input_ended_ = true;
  } else {
    input_.emplace(request_.input_descriptor,
                   [this](std::string bytes) { asio::post(io_, [this, bytes] { input(bytes); }); });
    if (request_.input == Input::keys) {
      input_->more();  // escapes work from the first moment
    }
  }
  connect();
  io_.run();
  input_.reset();
  socket_.reset();
  if (failure_) {
    throw Error(*failure_);
  }
  return *end_;
}

void Attachment::finish(AttachmentEnd end) {
  end_ = end;
  io_.stop();
}

void Attachment::fail(const Error& error) {
  failure_ = error;
  io_.stop();
}

void Attachment::connect() {
  const std::string target =
      "/api/v1" + path_of("/instances", request_.instance, path_of("/sessions", request_.session, "/stream")) +
      "?offset=" + std::to_string(position_.received());
  told_.reset();
  end_told_ = false;
  socket_ = open_websocket(io_, access_.endpoint, target, access_.token,
                           {.on_message = [this](WebSocket::Kind kind, std::string_view text) { message(kind, text); },
                            .on_closed = [this](bool refused, const Error& why) { connection_closed(refused, why); }});
}

void Attachment::connection_closed(bool refused, const Error& why) {
  attached_ = false;
  socket_.reset();
  if (exit_ || failure_ || end_) {
    return;  // what is left to do needs no connection
  }
  const Error& reason = told_ ? *told_ : why;
  if ((refused || told_) && !worth_retrying(reason.kind())) {
    fail(reason);
    return;
  }
  reconnect_later(reason);
}

void Attachment::reconnect_later(const Error& why) {
  const auto now = SteadyClock::now();
  if (attached_at_ && now - *attached_at_ > good_for) {
    lost_at_.reset();
  }
  attached_at_.reset();
  if (!loss_told_) {
    loss_told_ = true;
    say(was_attached_ ? "connection lost; re-attaching ..." : "no connection; trying again ...");
  }
  if (!lost_at_) {
    lost_at_ = now;
    wait_ = policy_.first_wait;
  } else if (now - *lost_at_ > policy_.give_up) {
    fail(Error(why.kind(), std::string(why.what()) + "; gave up re-attaching after " +
                               format_duration(std::chrono::floor<Seconds>(now - *lost_at_))));
    return;
  } else {
    wait_ = std::min(wait_ * 2, policy_.longest_wait);
  }
  retry_.expires_after(wait_);
  retry_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) {
      connect();
    }
  });
}

void Attachment::message(WebSocket::Kind kind, std::string_view message) {
  if (kind == WebSocket::Kind::binary) {
    output(message);
    return;
  }
  try {
    control(parse_json(message));
  } catch (const Error&) {
    fail(Error(ErrorKind::unavailable, "the server does not keep to the session protocol; are both of one version?"));
  }
}

void Attachment::control(const boost::json::value& message) {
  const std::string type = text_of(message, "type");
  if (type == "attached") {
    attached(message);
  } else if (type == "taken") {
    window_.taken(static_cast<std::uint64_t>(number_of(message, "input").value_or(0)));
    flush_input();
  } else if (type == "exit") {
    exited(message);
  } else if (type == "error") {
    told_.emplace(error_kind_from(text_of(message, "kind")), printable(text_of(message, "detail")).substr(0, 1000));
  }
}

void Attachment::attached(const boost::json::value& message) {
  const auto offset = number_of(message, "offset");
  const auto taken = number_of(message, "input");
  if (!offset || !taken || *offset < 0 || *taken < 0) {
    throw Error(ErrorKind::unavailable, "a field is missing");
  }
  const std::uint64_t lost = position_.attached(static_cast<std::uint64_t>(*offset));
  if (attached_) {  // said again where output is no longer kept
    tell_loss(lost);
    window_.taken(static_cast<std::uint64_t>(*taken));
    flush_input();
    return;
  }
  if (!window_.attached(static_cast<std::uint64_t>(*taken))) {
    fail(Error(ErrorKind::unavailable,
               "the connection was lost while input was on its way, and how much of it arrived cannot be known"));
    return;
  }
  attached_ = true;
  was_attached_ = true;
  attached_at_ = SteadyClock::now();
  if (std::exchange(loss_told_, false)) {
    say(" attached again at byte " + std::to_string(*offset) + "\n");
  }
  tell_loss(lost);
  resize();
  flush_input();
}

// Scrollback that has gone before we first looked is nobody's loss.
void Attachment::tell_loss(std::uint64_t lost) {
  if (lost > 0 && position_.received() > lost) {
    say(rough_size(lost) + " of output are no longer kept\n");
  }
}

void Attachment::output(std::string_view message) {
  if (!attached_ || message.empty() || (message[0] != 1 && message[0] != 2)) {
    fail(Error(ErrorKind::unavailable, "the server does not keep to the session protocol; are both of one version?"));
    return;
  }
  lost_at_.reset();
  const std::string_view fresh = position_.arrived(message.substr(1));
  unwritten_ += fresh.size();
  if (unwritten_ > most_unwritten) {
    fail(Error(ErrorKind::unavailable, "the server sends more than it may; are both of one version?"));
    return;
  }
  if (!fresh.empty()) {
    output_.push(message[0] == 1 ? request_.output_descriptor : request_.error_descriptor, std::string(fresh));
  }
}

void Attachment::wrote(std::size_t count, bool ok) {
  if (!ok) {
    finish({How::output_closed, 128 + SIGPIPE});
    return;
  }
  unwritten_ -= count;
  if (const auto offset = position_.wrote(count); offset && attached_) {
    tell({{"type", "ack"}, {"offset", *offset}});
  }
  if (exit_ && position_.all_written()) {
    finish(*exit_);
  }
}

void Attachment::exited(const boost::json::value& message) {
  const auto signal = number_of(message, "signal");
  const auto code = number_of(message, "code");
  exit_ = {How::exited, static_cast<int>(signal ? 128 + *signal : code.value_or(125)) & 255};
  if (position_.all_written()) {
    finish(*exit_);
  }
}

void Attachment::input(std::string bytes) {
  if (request_.input == Input::keys) {
    if (bytes.empty()) {
      finish({How::interrupted, 128 + SIGHUP});  // the terminal is gone
      return;
    }
    typed(bytes);
    return;
  }
  if (bytes.empty()) {
    input_ended_ = true;
  }
  window_.push(bytes);
  flush_input();
}

void Attachment::typed(std::string_view keys) {
  const auto found = escapes_.take(keys);
  if (found.detach) {
    finish({How::detached, 0});
    return;
  }
  if (found.help) {
    say("~. leaves the session running and detaches, ~~ sends one ~, ~? shows this\n");
  }
  if (attached_) {
    window_.push(found.input);
    flush_input();
  } else {
    input_->more();  // keys typed into a dead connection are dropped: nobody wants them to arrive later
  }
}

void Attachment::flush_input() {
  if (!attached_) {
    return;
  }
  for (std::string part = window_.next(); !part.empty(); part = window_.next()) {
    socket_->send(WebSocket::Kind::binary, std::move(part));
  }
  if (!window_.all_sent()) {
    return;
  }
  if (input_ended_ && !end_told_ && request_.input != Input::keys) {
    end_told_ = true;
    tell({{"type", "end"}});
  } else if (!input_ended_) {
    input_->more();
  }
}

void Attachment::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code cancelled, int number) {
    if (!cancelled) {
      signalled(number);
      wait_for_signal();
    }
  });
}

void Attachment::signalled(int number) {
  if (number == SIGWINCH) {
    resize();
    return;
  }
  same_signals_ = number == last_signal_ ? same_signals_ + 1 : 1;
  last_signal_ = number;
  if (request_.terminal || !attached_ || same_signals_ > patience) {
    finish({How::interrupted, 128 + number});
    return;
  }
  tell({{"type", "signal"}, {"number", number}});
}

void Attachment::tell(boost::json::object message) {
  socket_->send(WebSocket::Kind::text, print_json(boost::json::value(std::move(message))));
}

void Attachment::resize() {
  if (request_.terminal && attached_) {
    const auto size = terminal_size(request_.output_descriptor);
    tell({{"type", "resize"}, {"columns", size.columns}, {"rows", size.rows}});
  }
}

}  // namespace

AttachmentEnd attach(const Access& access, const AttachRequest& request, const ReattachPolicy& policy,
                     const std::function<std::string(const std::string&)>& phrase) {
  return Attachment(access, request, policy, phrase).run();
}

}  // namespace berth::cli
