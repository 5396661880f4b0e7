// SPDX-License-Identifier: Apache-2.0
// libssh would rather be used by callbacks, which must answer at once; its messages can be answered when the event
// thread has looked.
#define SSH_SUPPRESS_DEPRECATED
#include "doors/ssh/protocol_connection.h"

#include <sys/epoll.h>

#include <utility>

#include "doors/ssh/key_blob.h"

namespace berth::doors::ssh {
namespace {

constexpr int most_messages_at_once = 64;
constexpr int most_sign_ins = 64;  // requests of any kind to be let in

std::string text_of(const char* text) { return text != nullptr ? text : ""; }

}  // namespace

ProtocolConnection::ProtocolConnection(ssh_bind bind, Descriptor socket, Reporter report)
    : session_(ssh_new()), report_(std::move(report)) {
  ssh_set_blocking(session_.get(), 0);
  if (ssh_bind_accept_fd(bind, session_.get(), socket.get()) != SSH_OK) {
    ended_ = true;
    return;
  }
  static_cast<void>(socket.release());  // the session's now
  ssh_set_blocking(session_.get(), 0);
  ssh_set_auth_methods(session_.get(), SSH_AUTH_METHOD_PUBLICKEY);
}

ProtocolConnection::~ProtocolConnection() {
  key_question_.reset();
  open_questions_.clear();
  channels_.clear();
  ssh_disconnect(session_.get());
}

std::uint32_t ProtocolConnection::interest() const {
  const bool writes = (static_cast<unsigned>(ssh_get_poll_flags(session_.get())) & SSH_WRITE_PENDING) != 0;
  return (key_question_ ? 0U : static_cast<std::uint32_t>(EPOLLIN)) |
         (writes ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

void ProtocolConnection::step() {
  has_more_ = false;
  if (!keys_exchanged_) {
    exchange_keys();
  }
  if (keys_exchanged_ && !ended_) {
    take_messages();
    serve_channels();
  }
  if (ssh_is_connected(session_.get()) == 0) {
    ended_ = true;
  }
}

void ProtocolConnection::exchange_keys() {
  const int result = ssh_handle_key_exchange(session_.get());
  keys_exchanged_ = result == SSH_OK;
  if (result != SSH_OK && result != SSH_AGAIN) {
    ended_ = true;
  }
}

void ProtocolConnection::take_messages() {
  for (int count = 0; count < most_messages_at_once; ++count) {
    if (key_question_ || ended_) {
      return;  // whoever does not wait for the answer waits here
    }
    Message message(ssh_message_get(session_.get()));
    if (!message) {
      return;
    }
    take(std::move(message));
  }
  has_more_ = true;
}

void ProtocolConnection::take(Message message) {
  switch (ssh_message_type(message.get())) {
    case SSH_REQUEST_AUTH:
      take_key(std::move(message));
      return;
    case SSH_REQUEST_CHANNEL_OPEN:
      take_open(std::move(message));
      return;
    case SSH_REQUEST_CHANNEL:
      take_channel_request(std::move(message));
      return;
    case SSH_REQUEST_SERVICE:
      ssh_message_service_reply_success(message.get());
      return;
    default:  // forwarding from our side, and what is not known yet
      ssh_message_reply_default(message.get());
  }
}

void ProtocolConnection::take_key(Message message) {
  if (++sign_ins_ > most_sign_ins) {
    ended_ = true;
    return;
  }
  const bool is_key = ssh_message_subtype(message.get()) == SSH_AUTH_METHOD_PUBLICKEY;
  const auto state = is_key ? ssh_message_auth_publickey_state(message.get()) : SSH_PUBLICKEY_STATE_ERROR;
  std::string blob = is_key ? blob_of(ssh_message_auth_pubkey(message.get())) : std::string();
  if (blob.empty() || (state != SSH_PUBLICKEY_STATE_NONE && state != SSH_PUBLICKEY_STATE_VALID)) {
    ssh_message_auth_set_methods(message.get(), SSH_AUTH_METHOD_PUBLICKEY);
    ssh_message_reply_default(message.get());
    return;
  }
  report_(KeyOffered{.user = text_of(ssh_message_auth_user(message.get())),
                     .blob = std::move(blob),
                     .proven = state == SSH_PUBLICKEY_STATE_VALID});
  key_question_ = std::move(message);
}

void ProtocolConnection::answer_key(bool welcome) {
  const Message message = std::exchange(key_question_, {});
  if (!message) {
    return;
  }
  if (!welcome) {
    ssh_message_auth_set_methods(message.get(), SSH_AUTH_METHOD_PUBLICKEY);
    ssh_message_reply_default(message.get());
  } else if (ssh_message_auth_publickey_state(message.get()) == SSH_PUBLICKEY_STATE_VALID) {
    ssh_message_auth_reply_success(message.get(), 0);
  } else {
    ssh_message_auth_reply_pk_ok_simple(message.get());
  }
}

void ProtocolConnection::take_open(Message message) {
  const int type = ssh_message_subtype(message.get());
  if (channels_.size() + open_questions_.size() >= most_channels) {
    ssh_message_reply_default(message.get());
  } else if (type == SSH_CHANNEL_SESSION) {
    const ChannelNumber number = next_channel_++;
    if (ssh_channel channel = ssh_message_channel_request_open_reply_accept(message.get())) {
      channels_[number] = std::make_unique<ProtocolChannel>(number, channel, report_);
    }
  } else if (type == SSH_CHANNEL_DIRECT_TCPIP) {
    const int port = ssh_message_channel_request_open_destination_port(message.get());
    const ChannelNumber number = next_channel_++;
    report_(ForwardAsked{.channel = number,
                         .host = text_of(ssh_message_channel_request_open_destination(message.get())),
                         .port = static_cast<std::uint16_t>(port > 0 && port <= 65'535 ? port : 0)});
    open_questions_[number] = std::move(message);
  } else {
    ssh_message_reply_default(message.get());
  }
}

void ProtocolConnection::answer_forward(ChannelNumber number, bool welcome) {
  const auto found = open_questions_.find(number);
  if (found == open_questions_.end()) {
    return;
  }
  const Message message = std::move(found->second);
  open_questions_.erase(found);
  ssh_channel channel = welcome ? ssh_message_channel_request_open_reply_accept(message.get()) : nullptr;
  if (channel != nullptr) {
    channels_[number] = std::make_unique<ProtocolChannel>(number, channel, report_);
    channels_[number]->start();
    return;
  }
  if (!welcome) {
    ssh_message_reply_default(message.get());
  }
  report_(ChannelClosed{number});
}

ProtocolChannel* ProtocolConnection::find(ssh_channel channel) {
  for (const auto& [number, known] : channels_) {
    if (known->is(channel)) {
      return known.get();
    }
  }
  return nullptr;
}

void ProtocolConnection::take_channel_request(Message message) {
  ssh_message_struct* const asked = message.get();
  ProtocolChannel* const channel = find(ssh_message_channel_request_channel(asked));
  const auto size = [&] {
    return window_of(ssh_message_channel_request_pty_width(asked), ssh_message_channel_request_pty_height(asked));
  };
  bool done = false;
  switch (channel != nullptr ? ssh_message_subtype(asked) : SSH_CHANNEL_REQUEST_UNKNOWN) {
    case SSH_CHANNEL_REQUEST_PTY:
      done = channel->ask_terminal(text_of(ssh_message_channel_request_pty_term(asked)), size());
      break;
    case SSH_CHANNEL_REQUEST_ENV:
      done = channel->ask_variable(text_of(ssh_message_channel_request_env_name(asked)),
                                   text_of(ssh_message_channel_request_env_value(asked)));
      break;
    case SSH_CHANNEL_REQUEST_SHELL:
      done = channel->ask_session(Wanted::shell, {});
      break;
    case SSH_CHANNEL_REQUEST_EXEC:
      done = channel->ask_session(Wanted::command, text_of(ssh_message_channel_request_command(asked)));
      break;
    case SSH_CHANNEL_REQUEST_SUBSYSTEM:
      done = text_of(ssh_message_channel_request_subsystem(asked)) == "sftp" && channel->ask_session(Wanted::sftp, {});
      break;
    case SSH_CHANNEL_REQUEST_WINDOW_CHANGE:
      channel->resize(size());
      return;  // wants no answer
    default:
      break;
  }
  if (done) {
    ssh_message_channel_request_reply_success(asked);
  } else {
    ssh_message_reply_default(asked);
  }
}

void ProtocolConnection::obey(Order order) {
  const auto with_channel = [&](ChannelNumber number, auto work) {
    const auto found = channels_.find(number);
    if (found != channels_.end()) {
      work(*found->second);
    }
  };
  if (const auto* key = std::get_if<AnswerKey>(&order)) {
    answer_key(key->welcome);
  } else if (const auto* forward = std::get_if<AnswerForward>(&order)) {
    answer_forward(forward->channel, forward->welcome);
  } else if (const auto* consumed = std::get_if<Consumed>(&order)) {
    with_channel(consumed->channel, [&](ProtocolChannel& channel) { channel.consumed(consumed->bytes); });
  } else if (auto* output = std::get_if<Output>(&order)) {
    with_channel(output->channel, [&](ProtocolChannel& channel) { channel.add(std::move(*output)); });
  } else if (const auto* end = std::get_if<EndOutput>(&order)) {
    with_channel(end->channel, [&](ProtocolChannel& channel) { channel.add(*end); });
  } else if (const auto* finish = std::get_if<Finish>(&order)) {
    with_channel(finish->channel, [&](ProtocolChannel& channel) { channel.add(*finish); });
  } else if (std::holds_alternative<Disconnect>(order)) {
    ended_ = true;
  }
}

void ProtocolConnection::serve_channels() {
  for (auto place = channels_.begin(); place != channels_.end();) {
    ProtocolChannel& channel = *place->second;
    channel.pass_input();
    channel.pass_output(session_.get());
    ended_ = ended_ || channel.misbehaves();
    if (channel.closed()) {
      report_(ChannelClosed{place->first});
      place = channels_.erase(place);
    } else {
      ++place;
    }
  }
}

}  // namespace berth::doors::ssh
