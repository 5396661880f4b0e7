// SPDX-License-Identifier: Apache-2.0
#include "agent/sftp_input.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "agent/sftp_wire.h"
#include "base/error.h"

namespace berth::agent {
namespace {

constexpr std::size_t buffer_size = 2 * (sftp_length_size + sftp_longest_packet);

}  // namespace

SftpInput::SftpInput() : buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

std::span<char> SftpInput::space() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ + std::max(wanted_, sftp_length_size) > buffer_size || end_ == buffer_size) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, buffer_size - end_};
}

std::optional<std::string_view> SftpInput::next() {
  const std::string_view arrived(buffer_.get() + begin_, end_ - begin_);
  wanted_ = sftp_length_size;
  if (arrived.size() < wanted_) {
    return std::nullopt;
  }
  const std::size_t length = SftpFields(arrived).number();
  if (length < sftp_shortest_packet || length > sftp_longest_packet) {
    throw Error(ErrorKind::invalid_argument,
                "the client sent a packet of " + std::to_string(length) + " bytes, which none can have");
  }
  wanted_ += length;
  if (arrived.size() < wanted_) {
    return std::nullopt;
  }
  begin_ += wanted_;
  return arrived.substr(sftp_length_size, length);
}

}  // namespace berth::agent
