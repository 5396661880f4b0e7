// SPDX-License-Identifier: Apache-2.0
#include "runtimes/fake/fake_session.h"

#include <algorithm>
#include <csignal>

namespace berth::runtimes::fake {

FakeSession::FakeSession(wire::OpenSession request, FakeProgram program)
    : request_(std::move(request)), program_(std::move(program)) {
  run();
}

void FakeSession::attach(std::uint64_t offset) {
  attached_ = true;
  sent_ = std::clamp(offset, retained_from(), output_end_);
  input_taken_told_ = 0;
  exit_told_ = false;
}

bool FakeSession::input(std::uint64_t offset, std::string_view bytes) {
  if (offset > input_received_) {
    return false;
  }
  bytes.remove_prefix(std::min<std::uint64_t>(input_received_ - offset, bytes.size()));  // what came before
  if (input_received_ + bytes.size() - input_taken() > wire::input_window) {
    return false;
  }
  input_received_ += bytes.size();
  if (!exit_ && !console_.input_ended) {
    console_.input += bytes;
  }
  run();
  return true;
}

void FakeSession::end_input() {
  console_.input_ended = true;
  run();
}

void FakeSession::resize(wire::WindowSize size) {
  if (request_.kind == wire::SessionKind::terminal) {
    request_.size = size;
    console_.resized = size;
    run();
  }
}

void FakeSession::signal(int number) {
  const bool harmless = number == SIGWINCH || number == SIGCHLD || number == SIGCONT || number == SIGURG;
  if (!exit_ && !harmless) {
    exit_ = wire::SessionExit{.code = {}, .signal = number};
    console_ = {};
  }
}

bool FakeSession::acknowledge(std::uint64_t offset) {
  if (offset > output_end_) {
    return false;
  }
  acknowledged_ = std::max(acknowledged_, offset);
  run();
  return true;
}

void FakeSession::run() {
  while (drain_console() && !exit_) {
    const std::size_t input_before = console_.input.size();
    exit_ = program_(console_);
    if (!exit_ && console_.output.empty() && console_.input.size() == input_before) {
      break;  // it waits for something
    }
  }
  if (exit_) {
    console_.input.clear();
  }
  forget_old();
}

// Takes what the program printed as far as the window goes. Whether that was all.
bool FakeSession::drain_console() {
  while (!console_.output.empty()) {
    auto& [stream, text] = console_.output.front();
    const std::uint64_t space = acknowledged_ + wire::output_window - output_end_;
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>({text.size(), space, wire::max_payload}));
    if (length == 0 && !text.empty()) {
      return false;
    }
    if (length > 0) {
      retained_.push_back(Chunk{output_end_, stream, text.substr(0, length)});
      output_end_ += length;
      text.erase(0, length);
    }
    if (text.empty()) {
      console_.output.erase(console_.output.begin());
    }
  }
  return true;
}

void FakeSession::forget_old() {
  const std::uint64_t scrollback = output_end_ - std::min(output_end_, wire::scrollback_window);
  const std::uint64_t needed = std::min({acknowledged_, scrollback, attached_ ? sent_ : output_end_});
  while (!retained_.empty() && retained_.front().offset < needed) {
    Chunk& oldest = retained_.front();
    const std::uint64_t excess = needed - oldest.offset;
    if (excess >= oldest.bytes.size()) {
      retained_.pop_front();
    } else {
      oldest.bytes.erase(0, static_cast<std::size_t>(excess));
      oldest.offset = needed;
    }
  }
}

std::optional<wire::Frame> FakeSession::next_frame() {
  if (!attached_) {
    return std::nullopt;
  }
  if (input_taken_told_ < input_taken()) {
    input_taken_told_ = input_taken();
    return wire::Frame{.type = wire::FrameType::input_acknowledged, .offset = input_taken_told_, .payload = {}};
  }
  if (sent_ < output_end_) {
    return next_output();
  }
  if (exit_ && console_.output.empty() && !exit_told_) {
    exit_told_ = true;
    return wire::Frame{.type = wire::FrameType::exited, .offset = output_end_, .payload = wire::encode_payload(*exit_)};
  }
  return std::nullopt;
}

std::optional<wire::Frame> FakeSession::next_output() {
  const auto chunk = std::ranges::find_if(
      retained_, [&](const Chunk& candidate) { return sent_ < candidate.offset + candidate.bytes.size(); });
  wire::Frame frame{.type = wire::FrameType::output,
                    .stream = chunk->stream,
                    .offset = sent_,
                    .payload = chunk->bytes.substr(static_cast<std::size_t>(sent_ - chunk->offset))};
  sent_ += frame.payload.size();
  return frame;
}

wire::SessionState FakeSession::state() const {
  return {.session = 0,
          .kind = request_.kind,
          .command = request_.command,
          .retained_from = retained_from(),
          .output_end = output_end_,
          .input_end = input_received_,
          .exit = console_.output.empty() ? exit_ : std::nullopt};
}

}  // namespace berth::runtimes::fake
