// SPDX-License-Identifier: Apache-2.0
#include "agent/output_buffer.h"

#include <algorithm>

#include "base/error.h"

namespace berth::agent {
namespace {

// A program that alternates its streams byte by byte makes a segment of every byte; their number is bounded as well.
constexpr std::size_t most_segments = 4096;

}  // namespace

std::size_t OutputBuffer::room() const {
  const auto unacknowledged = segments_.end() - segment_at(acknowledged_);
  if (static_cast<std::size_t>(unacknowledged) >= most_segments) {
    return 0;
  }
  return wire::output_window - (end_ - acknowledged_);
}

void OutputBuffer::append(wire::Stream stream, std::string_view bytes) {
  while (!bytes.empty()) {
    if (segments_.empty() || segments_.back().stream != stream || segments_.back().bytes.size() >= wire::max_payload) {
      segments_.push_back({.stream = stream, .start = end_, .bytes = {}});
    }
    Segment& last = segments_.back();
    const std::size_t count = std::min(bytes.size(), wire::max_payload - last.bytes.size());
    last.bytes.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    end_ += count;
  }
  trim();
}

void OutputBuffer::acknowledge(std::uint64_t offset) {
  if (offset > end_) {
    throw Error(ErrorKind::invalid_argument, "the host acknowledged output that was never made");
  }
  acknowledged_ = std::max(acknowledged_, offset);
  trim();
}

OutputBuffer::Piece OutputBuffer::at(std::uint64_t offset) const {
  const auto segment = segment_at(offset);
  if (segment == segments_.end()) {
    return {};
  }
  return {.stream = segment->stream, .bytes = std::string_view(segment->bytes).substr(offset - segment->start)};
}

// The segment that holds the byte at `offset`, or the end.
std::deque<OutputBuffer::Segment>::const_iterator OutputBuffer::segment_at(std::uint64_t offset) const {
  return std::ranges::upper_bound(segments_, offset, {}, &Segment::end);
}

void OutputBuffer::trim() {
  while (!segments_.empty() && segments_.front().end() <= acknowledged_ &&
         (end_ - segments_.front().end() >= wire::scrollback_window || segments_.size() > most_segments)) {
    segments_.pop_front();
  }
}

}  // namespace berth::agent
