// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the protocol thread, where libssh runs, and the event thread, which owns all state, say to each other.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/descriptor.h"
#include "wire/agent_protocol.h"

namespace berth::doors::ssh {

using ConnectionNumber = std::uint64_t;
using ChannelNumber = std::uint32_t;

// Bytes of one channel on their way between the threads, each way. Who sends more waits: the program behind the session
// one way, the client's window the other.
inline constexpr std::size_t channel_buffer = 256U << 10;
inline constexpr std::size_t most_channels = 32;  // of one connection

// Reports: from the protocol thread to the event thread.

// The client asks whether it may come with this key, or, when `proven`, has shown that it has the private half.
struct KeyOffered {
  std::string user;  // what stands before the @
  std::string blob;
  bool proven = false;
};

enum class Wanted { shell, command, sftp };

struct SessionAsked {
  ChannelNumber channel = 0;
  Wanted wanted = Wanted::shell;
  std::string command;
  std::optional<wire::WindowSize> terminal;
  std::map<std::string, std::string> environment;
};

struct ForwardAsked {
  ChannelNumber channel = 0;
  std::string host;
  std::uint16_t port = 0;
};

struct Input {
  ChannelNumber channel = 0;
  std::string bytes;
};
struct InputEnded {
  ChannelNumber channel = 0;
};
struct Resized {
  ChannelNumber channel = 0;
  wire::WindowSize size;
};
struct Signalled {
  ChannelNumber channel = 0;
  int number = 0;
};
// The client's side has taken so much of the output.
struct Taken {
  ChannelNumber channel = 0;
  std::size_t bytes = 0;
};
struct ChannelClosed {
  ChannelNumber channel = 0;
};
struct Disconnected {};

using Report = std::variant<KeyOffered, SessionAsked, ForwardAsked, Input, InputEnded, Resized, Signalled, Taken,
                            ChannelClosed, Disconnected>;

// Orders: from the event thread to the protocol thread. One for what is gone already is ignored.

struct Adopt {
  Descriptor socket;
};
struct AnswerKey {
  bool welcome = false;
};
struct AnswerForward {
  ChannelNumber channel = 0;
  bool welcome = false;
};
struct Output {
  ChannelNumber channel = 0;
  wire::Stream stream = wire::Stream::standard_output;
  std::string bytes;
};
// The event thread has taken so much of the input.
struct Consumed {
  ChannelNumber channel = 0;
  std::size_t bytes = 0;
};
// After the output before it: tells how the program ended, if one did, and closes the channel.
struct Finish {
  ChannelNumber channel = 0;
  std::optional<wire::SessionExit> exit;
};
// After the output before it: no more will come, though the other way may go on.
struct EndOutput {
  ChannelNumber channel = 0;
};
struct Disconnect {};

using Order = std::variant<Adopt, AnswerKey, AnswerForward, Output, Consumed, Finish, EndOutput, Disconnect>;

}  // namespace berth::doors::ssh
