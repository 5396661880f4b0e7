// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/served_session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "async/race.h"
#include "async/time_limit.h"
#include "core/session_end.h"
#include "doors/ssh/texts.h"

namespace berth::doors::ssh {
namespace {

constexpr int own_failure = 255;  // as the ssh command's own
constexpr const char* attach_variable = "BERTH_ATTACH";

std::vector<std::string> shell_command(std::string text) { return {"/bin/sh", "-c", std::move(text)}; }

bool is_open_terminal(const core::SessionSummary& session) {
  return session.kind == wire::SessionKind::terminal && !session.exit;
}

}  // namespace

ServedSession::ServedSession(Surroundings around, Channel& channel, SessionAsked asked)
    : around_(around), channel_(channel), asked_(std::move(asked)) {}

async::Task<> ServedSession::serve() {
  std::string fault;
  try {
    co_await run();
  } catch (const Error& error) {
    fault = error.what();
  }
  if (!fault.empty()) {
    co_await say(co_await explain(std::move(fault)));
    channel_.finish(wire::SessionExit{.code = own_failure, .signal = {}});
  }
}

async::Task<> ServedSession::run() {
  const core::Instance instance =
      co_await around_.destination.running([this](std::string text) -> async::Task<> { return say(std::move(text)); });
  id_ = instance.id;
  const auto attached = wanted_terminal();
  asked_.environment.erase(attach_variable);
  co_await greet(instance);
  if (attached) {
    co_await attach(instance.id, *attached);
  } else if (asked_.terminal) {
    co_await run_terminal(instance.id);
  } else {
    co_await run_command(instance.id);
  }
}

// Which terminal the client wants to come back to; empty: the one nobody looks at.
std::optional<std::string> ServedSession::wanted_terminal() const {
  if (!asked_.terminal) {
    return std::nullopt;
  }
  if (asked_.wanted == Wanted::command) {
    return attach_command(asked_.command);
  }
  const auto variable = asked_.environment.find(attach_variable);
  return variable == asked_.environment.end() ? std::nullopt : attach_command("attach " + variable->second);
}

async::Task<> ServedSession::run_terminal(InstanceId id) {
  wire::OpenSession request{.kind = wire::SessionKind::terminal,
                            .environment = asked_.environment,
                            .size = asked_.terminal.value_or(wire::WindowSize{})};
  if (asked_.wanted == Wanted::command) {
    request.command = shell_command(asked_.command);
  }
  const std::uint32_t session = co_await around_.services.sessions.open(around_.caller, id, std::move(request));
  co_await show_terminal(id, session);
}

async::Task<> ServedSession::attach(InstanceId id, std::string wanted) {
  std::vector<std::uint32_t> candidates;
  for (const core::SessionSummary& session : co_await around_.services.sessions.list(around_.caller, id)) {
    const bool chosen = wanted.empty() ? session.viewers == 0 : session_text(session.session) == wanted;
    if (is_open_terminal(session) && chosen) {
      candidates.push_back(session.session);
    }
  }
  if (candidates.empty()) {
    throw Error(ErrorKind::not_found, wanted.empty() ? "no terminal was left open" : "there is no such terminal");
  }
  if (candidates.size() > 1) {
    std::string numbers;
    for (const std::uint32_t number : candidates) {
      numbers += " " + session_text(number);
    }
    throw Error(ErrorKind::conflict, "there are several; write attach and the id of one:" + numbers);
  }
  co_await show_terminal(id, candidates.front());
}

async::Task<> ServedSession::show_terminal(InstanceId id, std::uint32_t session) {
  {
    const auto view = co_await around_.services.sessions.attach(around_.caller, id, session, 0);
    view->resize(asked_.terminal.value_or(wire::WindowSize{}));
    co_await async::race(relay(*view), warn(id));
  }
  try {
    co_await around_.services.sessions.close(around_.caller, id, session);
  } catch (const Error&) {  // the instance ended with it
  }
  channel_.finish(exit_);  // last: the client hangs up at once
}

async::Task<> ServedSession::run_command(InstanceId id) {
  wire::OpenSession request{.kind = wire::SessionKind::command, .environment = asked_.environment};
  if (asked_.wanted == Wanted::sftp) {
    request = {.kind = wire::SessionKind::sftp};
  } else if (asked_.wanted == Wanted::shell) {
    request.command = {"/bin/sh", "-l"};
  } else {
    request.command = shell_command(asked_.command);
  }
  const auto view = co_await around_.services.sessions.run(around_.caller, id, std::move(request));
  const core::SessionEnd ends_with_this(*view);
  co_await relay(*view);
  channel_.finish(exit_);
}

async::Task<> ServedSession::relay(core::SessionView& view) {
  co_await async::race(to_client(view), from_client(view));
}

async::Task<> ServedSession::to_client(core::SessionView& view) {
  for (;;) {
    core::SessionItem item = co_await view.next();
    if (auto* output = std::get_if<core::SessionOutput>(&item)) {
      const std::uint64_t end = output->offset + output->bytes.size();
      co_await channel_.write(output->stream, std::move(output->bytes));
      view.acknowledge(end);
    } else if (const auto* exit = std::get_if<wire::SessionExit>(&item)) {
      exit_ = *exit;
      co_return;
    }
  }
}

async::Task<> ServedSession::from_client(core::SessionView& view) {
  for (;;) {
    Channel::Item item = co_await channel_.next();
    if (auto* input = std::get_if<Input>(&item)) {
      const std::size_t length = input->bytes.size();
      co_await view.input(std::move(input->bytes));
      channel_.consumed(length);
    } else if (std::holds_alternative<InputEnded>(item)) {
      view.end_input();
    } else if (const auto* resized = std::get_if<Resized>(&item)) {
      view.resize(resized->size);
    } else if (const auto* signalled = std::get_if<Signalled>(&item)) {
      view.signal(signalled->number);
    }
  }
}

async::Task<> ServedSession::warn(InstanceId id) {
  LeaseWarning warning;
  for (;;) {
    const core::ShownInstance shown = co_await around_.services.instances.find(around_.caller, id);
    const TimePoint now = around_.services.clock.now();
    if (const auto end = shown.instance.expires_at) {
      if (const auto left = warning.due(*end, now)) {
        co_await channel_.write(wire::Stream::standard_output, "\r\n");
        co_await say("this machine ends in " + about(*left) + "; more time: berth extend " + id.text());
      }
    }
    co_await async::pause_for(warning.pause(now));
  }
}

std::string ServedSession::command_line(const std::string& before, const core::Instance& instance) const {
  const std::string port =
      around_.settings.port == 22 ? std::string() : "-p " + std::to_string(around_.settings.port) + " ";
  return "ssh " + before + port + instance.id.text() + "@" + around_.settings.host;
}

async::Task<> ServedSession::greet(const core::Instance& instance) {
  const bool news = around_.destination.is_news();
  const bool shell = asked_.wanted == Wanted::shell && asked_.terminal;
  if (asked_.terminal && instance.recording.kind != core::RecordingKind::none) {
    co_await say("what this terminal shows is recorded");
  }
  if (!news && !shell) {
    co_return;  // a program reads what comes
  }
  std::string text = instance.name + (news ? " is your new machine" : "");
  if (instance.expires_at) {
    const auto left = std::chrono::round<Seconds>(*instance.expires_at - around_.services.clock.now());
    text += (news ? ", for " : " has ") + about(left) + (news ? "" : " left");
  }
  co_await say(text + "; come back with: " + command_line("", instance));
  if (!shell || news) {
    co_return;
  }
  for (const core::SessionSummary& session : co_await around_.services.sessions.list(around_.caller, instance.id)) {
    if (is_open_terminal(session) && session.viewers == 0) {
      const std::string id = session_text(session.session);
      co_await say("terminal " + id + " was left open: " + command_line("-t ", instance) + " attach " + id);
    }
  }
}

async::Task<> ServedSession::say(std::string text) {
  if (asked_.terminal) {
    return channel_.write(wire::Stream::standard_output, "[berth] " + text + "\r\n");
  }
  return channel_.write(wire::Stream::standard_error, "berth: " + text + "\n");
}

// What a fault means for somebody who only sees the connection end.
async::Task<std::string> ServedSession::explain(std::string fault) {
  using core::InstanceState;
  if (!id_) {
    co_return fault;
  }
  try {
    const core::ShownInstance shown = co_await around_.services.instances.find(around_.caller, *id_);
    if (shown.instance.state == InstanceState::grace) {
      co_return "the time of this machine is over; its disk is kept a while: berth extend " + id_->text();
    }
    if (shown.instance.state == InstanceState::gone) {
      co_return "this machine is gone";
    }
    if (shown.instance.state == InstanceState::stopped) {
      co_return "this machine was stopped";
    }
  } catch (const Error&) {  // the first fault says enough
  }
  co_return fault;
}

}  // namespace berth::doors::ssh
