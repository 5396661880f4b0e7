// SPDX-License-Identifier: Apache-2.0
#include "recordings/files/log.h"

#include <utility>

namespace berth::recordings::files {
namespace {

constexpr std::size_t head_size = 4 + 1 + 8 + 8;
constexpr std::size_t size_size = 4;
constexpr std::uint32_t longest_payload = 16U << 20;

void put(std::string& into, std::uint64_t number, std::size_t bytes) {
  for (std::size_t index = 0; index < bytes; ++index) {
    into += static_cast<char>((number >> (8 * index)) & 0xff);
  }
}

std::uint64_t get(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t index = 0; index < bytes && at + index < text.size(); ++index) {
    number |= std::uint64_t{static_cast<unsigned char>(text[at + index])} << (8 * index);
  }
  return number;
}

std::string payload_of(const wire::WindowSize& size) {
  std::string payload;
  put(payload, size.columns, 2);
  put(payload, size.rows, 2);
  return payload;
}

}  // namespace

std::string encode(const LogRecord& record) {
  std::string text;
  text.reserve(head_size + record.payload.size());
  put(text, record.payload.size(), 4);
  put(text, static_cast<std::uint8_t>(record.kind), 1);
  put(text, static_cast<std::uint64_t>(record.at.count()), 8);
  put(text, record.offset, 8);
  return text += record.payload;
}

LogRecord record_of(const core::RecordingHead& head) {
  return {RecordKind::head, head.began_at.time_since_epoch(), 0, payload_of(head.size) + head.title};
}

LogRecord record_of(core::RecordedMoment moment) {
  if (auto* output = std::get_if<core::RecordedOutput>(&moment.what)) {
    return {RecordKind::output, moment.at, output->offset, std::move(output->bytes)};
  }
  if (const auto* gap = std::get_if<core::RecordedGap>(&moment.what)) {
    std::string payload;
    put(payload, gap->missing, 8);
    return {RecordKind::gap, moment.at, gap->offset, std::move(payload)};
  }
  return {RecordKind::size, moment.at, 0, payload_of(std::get<wire::WindowSize>(moment.what))};
}

std::optional<LogRecord> take_record(std::string_view& text) {
  if (text.size() < head_size) {
    return std::nullopt;
  }
  const auto length = static_cast<std::uint32_t>(get(text, 0, 4));
  if (length > longest_payload || text.size() - head_size < length) {
    return std::nullopt;
  }
  LogRecord record{static_cast<RecordKind>(get(text, 4, 1)), Milliseconds{static_cast<std::int64_t>(get(text, 5, 8))},
                   get(text, 13, 8), std::string(text.substr(head_size, length))};
  text.remove_prefix(head_size + length);
  return record;
}

wire::WindowSize size_of(const LogRecord& record) {
  return {static_cast<std::uint16_t>(get(record.payload, 0, 2)), static_cast<std::uint16_t>(get(record.payload, 2, 2))};
}

std::string title_of(const LogRecord& record) {
  return record.payload.size() < size_size ? std::string() : record.payload.substr(size_size);
}

std::uint64_t missing_of(const LogRecord& record) { return get(record.payload, 0, 8); }

}  // namespace berth::recordings::files
