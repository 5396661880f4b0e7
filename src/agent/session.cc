// SPDX-License-Identifier: Apache-2.0
#include "agent/session.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/terminal.h"

namespace berth::agent {
namespace {

constexpr std::chrono::milliseconds linger{250};
constexpr std::size_t most_after_end = 1 << 20;
constexpr std::size_t read_size = 32 * 1024;
constexpr std::size_t most_at_once = 64 * 1024;  // then it is another session's turn
constexpr std::uint64_t acknowledge_every = 32 * 1024;

}  // namespace

Session::Session(std::uint32_t number, const wire::OpenSession& request, Program program, Poller& poller)
    : number_(number),
      kind_(request.kind),
      command_(request.command),
      process_(program.process),
      terminal_(std::move(program.terminal)),
      cursor_(0) {
  sources_[0].channel.descriptor = std::move(program.output);
  sources_[1].channel.descriptor = std::move(program.error);
  sources_[1].stream = wire::Stream::standard_error;
  program_input_.descriptor = std::move(program.input);
  for (Channel* channel : {&sources_[0].channel, &sources_[1].channel, &program_input_}) {
    if (channel->descriptor) {
      poller.watch(*channel);
    }
  }
}

wire::SessionState Session::state() const {
  return {.session = number_,
          .kind = kind_,
          .command = command_,
          .retained_from = output_.retained_from(),
          .output_end = output_.end(),
          .input_end = input_.received(),
          .exit = output_is_over() ? exit_ : std::nullopt};
}

void Session::attach(std::uint64_t offset) {
  cursor_ = std::clamp(offset, output_.retained_from(), output_.end());
  acknowledged_input_ = 0;
  exit_sent_ = false;
}

void Session::resize(const wire::WindowSize& size) {
  if (is_terminal() && sources_[0].channel.descriptor) {
    resize_terminal(sources_[0].channel.get(), size);
  }
}

void Session::end(const wire::SessionExit& exit, Moment now) {
  exit_ = exit;
  lingers_until_ = now + linger;
  terminal_.reset();
  program_input_.close();
  input_.discard();
}

bool Session::pump(Moment now) {
  write_input();
  bool more = false;
  for (Source& source : sources_) {
    if (exit_ && source.channel.descriptor && now >= lingers_until_) {
      source.channel.readable = true;  // whether it is empty decides
    }
    read_from(source, now);
    more = more || (source.channel.readable && output_.room() > 0);
  }
  return more;
}

std::optional<Moment> Session::deadline(Moment now) const {
  // Past it, only an acknowledgement can help.
  return exit_ && !output_is_over() && now < lingers_until_ ? std::optional(lingers_until_) : std::nullopt;
}

void Session::read_from(Source& source, Moment now) {
  std::array<char, read_size> bytes;
  std::size_t total = 0;
  while (source.channel.readable && total < most_at_once && output_.room() > 0) {
    const ssize_t count = ::read(source.channel.get(), bytes.data(), std::min(bytes.size(), output_.room()));
    if (count > 0) {
      output_.append(source.stream, std::string_view(bytes.data(), static_cast<std::size_t>(count)));
      total += static_cast<std::size_t>(count);
      source.read_after_end += exit_ ? static_cast<std::size_t>(count) : 0;
    } else if (count < 0 && errno == EAGAIN) {
      source.channel.readable = false;
      if (exit_ && now >= lingers_until_) {
        source.channel.close();
      }
    } else if (count == 0 || errno != EINTR) {  // a terminal without programs answers EIO
      source.channel.close();
    }
    if (source.read_after_end >= most_after_end) {
      source.channel.close();
    }
  }
}

void Session::write_input() {
  while (!input_.waiting().empty() && program_input_.writable) {
    const std::string_view waiting = input_.waiting();
    const ssize_t count = ::write(program_input_.get(), waiting.data(), waiting.size());
    if (count > 0) {
      input_.take(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      program_input_.writable = false;
    } else if (errno != EINTR) {
      input_.discard();
      program_input_.close();
    }
  }
  if (!input_.finished() || !input_.waiting().empty() || !program_input_.descriptor) {
    return;
  }
  if (is_terminal() && program_input_.writable) {
    const char end = end_of_file_character(program_input_.get());
    program_input_.writable = ::write(program_input_.get(), &end, 1) == 1 || errno != EAGAIN;
  }
  if (!is_terminal() || program_input_.writable) {
    program_input_.close();
  }
}

bool Session::acknowledgement_is_due() const {
  return input_.taken() > acknowledged_input_ &&
         (input_.waiting().empty() || input_.taken() - acknowledged_input_ >= acknowledge_every);
}

Session::Sending Session::send(Link& link) {
  if (!cursor_) {
    return Sending::nothing;
  }
  wire::Frame frame{.session = number_};
  if (acknowledgement_is_due()) {
    frame.type = wire::FrameType::input_acknowledged;
    frame.offset = input_.taken();
    if (!link.send(frame, {})) {
      return Sending::blocked;
    }
    acknowledged_input_ = frame.offset;
    return Sending::sent;
  }
  frame.offset = cursor_.emplace(std::max(*cursor_, output_.retained_from()));
  if (*cursor_ < output_.end()) {
    const OutputBuffer::Piece piece = output_.at(*cursor_);
    frame.type = wire::FrameType::output;
    frame.stream = piece.stream;
    if (!link.send(frame, piece.bytes)) {
      return Sending::blocked;
    }
    *cursor_ += piece.bytes.size();
    return Sending::sent;
  }
  if (exit_ && output_is_over() && !exit_sent_) {
    frame.type = wire::FrameType::exited;
    if (!link.send(frame, wire::encode_payload(*exit_))) {
      return Sending::blocked;
    }
    exit_sent_ = true;
    return Sending::sent;
  }
  return Sending::nothing;
}

}  // namespace berth::agent
