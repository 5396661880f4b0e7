// SPDX-License-Identifier: Apache-2.0
#include "doors/ssh/protocol_channel.h"

#include <libssh/server.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

namespace berth::doors::ssh {
namespace {

constexpr std::size_t largest_write = 32U << 10;
// libssh takes what a client sends beyond its window (1.25 MB); we do not.
constexpr std::size_t most_held = 4U << 20;
constexpr std::size_t most_variables = 64;
constexpr std::size_t longest_value = 4096;
constexpr std::size_t longest_command = 128U << 10;
constexpr int most_columns = 1000;

bool is_taken(const std::string& name) {
  return name == "LANG" || name == "LANGUAGE" || name == "BERTH_ATTACH" || name.starts_with("LC_");
}

// "TERM" of 15; zero for an unknown one.
int signal_number(const std::string& name) {
  for (int number = 1; number <= 31; ++number) {
    const char* const known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) {
      return number;
    }
  }
  return 0;
}

}  // namespace

wire::WindowSize window_of(int columns, int rows) {
  // Zero is what a client without a window of its own says.
  const auto bounded = [](int number, int missing) {
    return static_cast<std::uint16_t>(number <= 0 ? missing : std::min(number, most_columns));
  };
  return {bounded(columns, 80), bounded(rows, 24)};
}

ProtocolChannel::ProtocolChannel(ChannelNumber number, ssh_channel channel, const Reporter& report)
    : number_(number), channel_(channel), report_(report) {
  asked_.channel = number;
  callbacks_.userdata = this;
  callbacks_.channel_data_function = &ProtocolChannel::take_data;
  callbacks_.channel_eof_function = &ProtocolChannel::take_end;
  callbacks_.channel_close_function = &ProtocolChannel::take_close;
  callbacks_.channel_signal_function = &ProtocolChannel::take_signal;
  ssh_callbacks_init(&callbacks_);
  ssh_set_channel_callbacks(channel_, &callbacks_);
}

ProtocolChannel::~ProtocolChannel() {
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
}

bool ProtocolChannel::ask_terminal(std::string kind, wire::WindowSize size) {
  if (started_ || asked_.terminal || kind.size() > longest_value) {
    return false;
  }
  asked_.terminal = size;
  if (!kind.empty()) {
    asked_.environment["TERM"] = std::move(kind);
  }
  return true;
}

bool ProtocolChannel::ask_variable(std::string name, std::string value) {
  if (started_ || !is_taken(name) || name.size() > longest_value || value.size() > longest_value ||
      asked_.environment.size() >= most_variables) {
    return false;
  }
  asked_.environment[std::move(name)] = std::move(value);
  return true;
}

bool ProtocolChannel::ask_session(Wanted wanted, std::string command) {
  if (started_ || command.size() > longest_command) {
    return false;
  }
  asked_.wanted = wanted;
  asked_.command = std::move(command);
  report_(std::exchange(asked_, {}));
  start();
  return true;
}

void ProtocolChannel::resize(wire::WindowSize size) {
  if (started_) {
    report_(Resized{number_, size});
  } else if (asked_.terminal) {
    asked_.terminal = size;
  }
}

int ProtocolChannel::take_data(ssh_session /*session*/, ssh_channel /*channel*/, void* data, uint32_t length,
                               int is_error, void* self) {
  auto& channel = *static_cast<ProtocolChannel*>(self);
  if (is_error != 0 || channel.finished_) {
    return static_cast<int>(length);  // nobody has a use for it
  }
  const std::size_t taken = std::min<std::size_t>(length, channel.room());
  if (taken > 0) {
    channel.hand_over(std::string(static_cast<const char*>(data), taken));
  }
  channel.held_ = length - taken;
  channel.misbehaves_ = channel.misbehaves_ || channel.held_ > most_held;
  return static_cast<int>(taken);
}

void ProtocolChannel::take_end(ssh_session /*session*/, ssh_channel /*channel*/, void* self) {
  static_cast<ProtocolChannel*>(self)->input_ended_ = true;
}

void ProtocolChannel::take_close(ssh_session /*session*/, ssh_channel /*channel*/, void* self) {
  static_cast<ProtocolChannel*>(self)->closed_by_client_ = true;
}

void ProtocolChannel::take_signal(ssh_session /*session*/, ssh_channel /*channel*/, const char* name, void* self) {
  auto& channel = *static_cast<ProtocolChannel*>(self);
  const int number = signal_number(name != nullptr ? name : "");
  if (channel.started_ && number != 0) {
    channel.report_(Signalled{channel.number_, number});
  }
}

void ProtocolChannel::hand_over(std::string bytes) {
  in_flight_ += bytes.size();
  report_(Input{number_, std::move(bytes)});
}

void ProtocolChannel::consumed(std::size_t bytes) { in_flight_ -= std::min(bytes, in_flight_); }

void ProtocolChannel::pass_input() {
  while (held_ > 0 && room() > 0) {
    std::string bytes(std::min({held_, room(), largest_write}), '\0');
    const int count =
        ssh_channel_read_nonblocking(channel_, bytes.data(), static_cast<uint32_t>(bytes.size()), /*is_stderr=*/0);
    if (count <= 0) {
      held_ = 0;
      break;
    }
    bytes.resize(static_cast<std::size_t>(count));
    held_ -= std::min(held_, bytes.size());
    hand_over(std::move(bytes));
  }
  if (started_ && input_ended_ && held_ == 0 && !std::exchange(end_reported_, true)) {
    report_(InputEnded{number_});
  }
}

void ProtocolChannel::pass_output(ssh_session session) {
  while (!outgoing_.empty() && !closed()) {
    // What the socket does not take must not pile up in libssh, however large a window the client gives.
    if (ssh_blocking_flush(session, 0) != SSH_OK) {
      return;
    }
    const Passed passed = std::visit([this](auto& outgoing) { return pass(outgoing); }, outgoing_.front());
    if (passed == Passed::nothing) {
      return;
    }
    if (passed == Passed::all) {
      outgoing_.pop_front();
    }
  }
}

ProtocolChannel::Passed ProtocolChannel::pass(Output& output) {
  const std::size_t window = ssh_channel_window_size(channel_);
  const auto length = static_cast<uint32_t>(std::min({output.bytes.size(), window, largest_write}));
  if (length == 0) {
    return output.bytes.empty() ? Passed::all : Passed::nothing;
  }
  const int written = output.stream == wire::Stream::standard_error
                          ? ssh_channel_write_stderr(channel_, output.bytes.data(), length)
                          : ssh_channel_write(channel_, output.bytes.data(), length);
  if (written < 0) {
    closed_by_client_ = true;
  }
  if (written <= 0) {
    return Passed::nothing;
  }
  output.bytes.erase(0, static_cast<std::size_t>(written));
  report_(Taken{number_, static_cast<std::size_t>(written)});
  return output.bytes.empty() ? Passed::all : Passed::some;
}

ProtocolChannel::Passed ProtocolChannel::pass(const EndOutput& /*end*/) {
  ssh_channel_send_eof(channel_);
  return Passed::all;
}

ProtocolChannel::Passed ProtocolChannel::pass(const Finish& finish) {
  ssh_channel_send_eof(channel_);
  if (finish.exit && finish.exit->code) {
    ssh_channel_request_send_exit_status(channel_, *finish.exit->code);
  } else if (finish.exit && finish.exit->signal) {
    const char* const name = ::sigabbrev_np(*finish.exit->signal);
    ssh_channel_request_send_exit_signal(channel_, name != nullptr ? name : "KILL", 0, "", "");
  }
  ssh_channel_close(channel_);
  finished_ = true;
  return Passed::all;
}

}  // namespace berth::doors::ssh
